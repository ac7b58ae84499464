"""Who comes into the employers' space: sign-up, links that set a password, managers."""
