"""What the pages of figures count is written here: by the night, and one trace by day."""
