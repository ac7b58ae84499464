"""« Bénéficiaires »: added, corrected, archived; the form of their titles is their own choice."""
