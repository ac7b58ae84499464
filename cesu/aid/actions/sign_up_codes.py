"""« Code d’inscription »: what the funder’s staff gives a holder by phone or post when the sign-up is slowed down.

Locks: the key, then the holder's code.
"""

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.rules import bare_code, new_code
from cesu.aid.actions.people.sign_up import check_agent
from cesu.models import CesuHolder, SignUpCode
from common.refusals import Refusal
from common.writing.once import claim_key
from common.writing.transactions import outermost


class CodeGiven(Refusal):
    """Another code would make the one just read out worthless."""

    sentence = "Ce code vient d’être donné : il n’est montré qu’une fois. Pour un autre, rouvrez cette page."


def giving(holder: CesuHolder) -> str:
    """The purpose of the key with which an agent gives a code."""
    return f"sign-up-code:{holder.pk}"


@outermost
def give_code(*, agent: User, holder: CesuHolder, key: str) -> str:
    """Return a new code, known here only in clear, once; an earlier one is worth nothing. Raise CodeGiven, NotYourHolder."""
    once = claim_key(key, agent.owner, giving(holder))
    if once.answer:
        raise CodeGiven
    check_agent(agent, holder.pk)
    SignUpCode.objects.filter(holder=holder, used_at=None).delete()
    code = new_code()
    SignUpCode.objects.create(holder=holder, agent=agent, code_hash=make_password(bare_code(code)))
    once.remember({"given": True})
    return code
