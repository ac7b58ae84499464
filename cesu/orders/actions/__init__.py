"""Every write of the employers' space and of the issuer's staff."""
