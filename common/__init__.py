"""The ground: what every app leans on, none of it about families, money or bookings in particular.

Values and how they are told, writes that are safe, work in the background, files, documents that people send; and the
tables of the authority itself (app label « lib »). Imports nothing of ours, and knows no app above it.
"""
