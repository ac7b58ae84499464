"""What a funder gives: plans, grants of the month, changes, imports, what expires."""
