"""allauth's choices that are ours: emails through the outbox, where people land."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    pass
