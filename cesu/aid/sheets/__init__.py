"""Files of rights and of caregivers, read and checked line by line; nothing is written here."""
