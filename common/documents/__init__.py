"""Documents that people send: received in memory, checked, cleaned, scanned, kept encrypted, served as downloads.

Callers need ``intake.accept_upload``, ``vault`` and ``serving.document_response``; docs/security.md tells why.
"""
