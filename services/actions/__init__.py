"""Every write of services that has a rule."""

from services.actions.decisions import accept_lines, ask_for_documents, decide_document, refuse_lines
from services.actions.documents import give_file, give_text, keep_blank, read_document
from services.actions.requests import ask, ask_access

__all__ = [
    "accept_lines",
    "ask",
    "ask_access",
    "ask_for_documents",
    "decide_document",
    "give_file",
    "give_text",
    "keep_blank",
    "read_document",
    "refuse_lines",
]
