"""gunicorn's settings, found by their name: what all workers share is loaded once, and no worker's collector walks it."""

import gc

preload_app = True
worker_class, threads = "gthread", 8  # who is idle, slow or waits for a service outside holds a thread, not the portal
YOUNG = 50_000  # objects between two collections: a page makes fewer, so that most pages pay for none
gc.disable()  # until the portal is loaded: what loading makes stays


def when_ready(server):
    """The portal is loaded and no worker is forked yet: what is there now stays until the end."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(YOUNG, 10, 10)
