"""What the pages of figures show: read from what the night counted, in a constant number of queries, nobody named."""
