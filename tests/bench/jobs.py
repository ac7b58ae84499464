"""A process of its own for a job that is measured; it imports nothing that needs Django before Django is set up."""

import os

import django


def set_up() -> None:
    """Set Django up as a worker has it: its statements are not prepared."""
    os.environ["PARVIS_PREPARED"] = ""
    django.setup()


def peak() -> float:
    """The most memory that this process ever held, in MB; ``ru_maxrss`` would begin with what its parent held."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
