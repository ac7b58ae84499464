"""What the portal says to people and hears from them: news, menus, messages, reviews."""
