"""What pages and decisions of services read: the catalogue, the pieces, an agent's desk. Nothing is written here."""
