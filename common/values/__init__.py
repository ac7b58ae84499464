"""Values as people write and read them: money, dates, calendars, colours, accounts of banks, words.

Pure functions of their arguments; no table. The packages of public and school holidays are read here and nowhere else.
"""
