"""Documents that people send: received in memory, checked, cleaned, scanned, kept encrypted, served as downloads.

Callers need three names: ``intake.accept_upload``, ``vault`` and ``serving.document_response``. Which document belongs to
whom, who may read it and the log of readings are the callers'.
"""
