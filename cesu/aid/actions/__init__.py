"""Every write of the aid: payments and transfers here, rights and people in their rooms."""
