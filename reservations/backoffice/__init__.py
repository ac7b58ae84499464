"""The municipal software: what its files say, and how they travel. The only room that knows its format."""
