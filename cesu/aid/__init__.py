"""The space of people who receive aid (guide 001): they pay their caregiver from their rights of the month.

Also the pages of the funders' staff.
"""
