"""Files that the portal makes or reads: PDFs through WeasyPrint, sheets that a French spreadsheet opens.

Files that strangers send as documents go to ``common.documents``.
"""
