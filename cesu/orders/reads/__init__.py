"""What the employers' pages read: drafts, recaps, deliveries, certificates, the invoice as XML. Nothing is written here."""
