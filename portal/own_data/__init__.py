"""« Mes données »: what the portal knows of a person and their family, handed out to them (GDPR 15 and 20)."""
