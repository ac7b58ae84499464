"""What managers and the issuer's staff type."""
