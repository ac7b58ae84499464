"""A process of its own for a job that is measured; it imports nothing that needs Django before Django is set up."""

import os

import django


def set_up() -> None:
    """Set Django up as a worker has it: its statements are not prepared."""
    os.environ["PARVIS_PREPARED"] = ""
    django.setup()
