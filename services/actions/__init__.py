"""Every write of services that has a rule."""

from services.actions.decisions import accept_lines, ask_for_documents, decide_document, refuse_lines
from services.actions.documents import give_file, give_text
from services.actions.requests import ask_access

__all__ = [
    "accept_lines",
    "ask_access",
    "ask_for_documents",
    "decide_document",
    "give_file",
    "give_text",
    "refuse_lines",
]
