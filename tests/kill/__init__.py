"""kill -9 at a chosen instant of an action: a process of its own runs it and ends itself there.

``python -m tests.kill`` (``child``) is warm and forks one child for each order; ``harness`` gives the orders, puts
database and Stripe back as they were; ``footprints`` say what is there afterwards; ``acts`` are the actions.
"""
