"""« Mes filiations » and « Santé et contacts »: fetch, read, call, answer."""
