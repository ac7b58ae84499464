"""The employers' pages: fetch, read, call, answer."""
