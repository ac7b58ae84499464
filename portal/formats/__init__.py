"""How dates and numbers are typed, by language: what Django reads through FORMAT_MODULE_PATH."""
