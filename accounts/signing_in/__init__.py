"""How somebody proves who they are: allauth's adapter and forms, passwords, the second factor, the question, sessions.

Only what allauth or Django's session asks for. What an account may become is decided in ``accounts.rules`` and ``actions``.
"""
