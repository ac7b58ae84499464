"""Dates as people type them in French: with the whole year.

Django's own list has « %d/%m/%y », which takes « 14/05/38 » for 2038 and « 02/09/21 » for a child of five.
"""

DATE_INPUT_FORMATS = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"]  # Django adds 1985-12-31, as browsers send it
