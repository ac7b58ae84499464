"""Who may open an account: sign-up, links, helpers and guardians, their details."""
