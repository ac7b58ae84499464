"""The space of employers (guide 000) and the pages of the issuer's staff: sign-up, people, orders, titles, invoices."""
