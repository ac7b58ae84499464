"""Every write of the CESU space."""
