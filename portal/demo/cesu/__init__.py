"""The demo's CESU: employers and their orders, the issuer's staff, the aid of a Département."""
