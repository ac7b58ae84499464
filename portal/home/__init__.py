"""The home pages, the account page, the pages that every public service owes."""
