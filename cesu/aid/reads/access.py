"""Who enters the space of the beneficiaries: whom a holder's standing authorisation names; for others it does not exist."""

import functools

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy

from accounts.models import User
from cesu.access import STAFF
from cesu.aid.reads.frame import Frame
from cesu.models import AidAccess, AidAccount, AidLogin, AidTransferBatch, CesuHolder, Funder
from common.refusals import Refusal
from common.writing.rows import Rows

LOGIN = reverse_lazy("aid:funders")


def login_of(user: User) -> AidLogin | None:
    """What makes a person one of this space, loaded with them; None for everybody else."""
    return getattr(user, "aid_login", None)


def space_of_aid(*, user: User) -> str | None:
    """Where such a person lands after signing in."""
    return reverse("aid:space") if login_of(user) else None


def funder_of(holder_pk: int) -> Funder | None:
    """Whose colours, texts and phone number a holder sees: the funder of their aid; None for e-CESU alone."""
    account = AidAccount.objects.exclude(funder=None).filter(holder=holder_pk).select_related("funder").first()
    return account.funder if account else None


def batches_of(agent: User) -> QuerySet[AidTransferBatch]:
    """The files of transfers of an agent's funders; those of e-CESU are the issuer's staff's."""
    if agent.is_superuser:
        return AidTransferBatch.objects.all()
    own = Q(funder__in=Funder.objects.of_agent(agent))
    return AidTransferBatch.objects.filter(own | Q(funder=None) if agent.groups.filter(name=STAFF).exists() else own)


def aid_required(view):
    """Let in who may open the accounts of the holder that the address names, with ``access``, ``holder`` and ``funder``.

    A stranger gets 404; who is not signed in goes to the space's own login page.
    """

    @functools.wraps(view)
    def enter(request, holder: int, *args, **kwargs):
        rows = _ENTRY(request.user.pk, holder) if login_of(request.user) else []
        if not rows:
            raise Http404
        [(access, request.holder, request.funder, count)] = rows
        access.user, access.holder = request.user, request.holder
        request.access, request.frame = access, Frame(request.user, request.path, request.funder, access, count > 1)
        return view(request, *args, **kwargs)

    enter.login_url = LOGIN
    return enter


# The authorisation, whose accounts they are, who gives the aid, and of how many holders this person may open accounts.
_ENTRY = Rows(
    """
    SELECT {access}, {holder}, {funder},
           (SELECT count(*) FROM cesu_aidaccess other WHERE other.user_id = access.user_id AND other.revoked_at IS NULL)
    FROM cesu_aidaccess access
    JOIN cesu_cesuholder holder ON holder.id = access.holder_id
    LEFT JOIN cesu_funder funder ON funder.id = (
        SELECT funder_id FROM cesu_aidaccount WHERE holder_id = access.holder_id AND funder_id IS NOT NULL ORDER BY id LIMIT 1
    )
    WHERE access.user_id = %s AND access.holder_id = %s AND access.revoked_at IS NULL
    """,
    access=AidAccess,
    holder=CesuHolder,
    funder=Funder,
)


def at_funder(request, slug: str) -> None:
    """Frame a public page of a funder in service; another does not exist."""
    request.funder = get_object_or_404(Funder, slug=slug, is_active=True)
    request.frame = Frame(request.user, request.path, request.funder)


def funder_page(view):
    """A public page of a funder that the address names, with ``request.funder``."""

    @functools.wraps(view)
    def enter(request, funder: str, *args, **kwargs):
        at_funder(request, funder)
        return view(request, *args, **kwargs)

    return enter


def to_confirm():
    """The accesses of who signed up, that a funder has still to confirm before they pay."""
    return AidAccess.objects.standing().filter(may_pay=True, confirmed_at=None)


def dead_link(request, refusal: Refusal):
    """The page of a link that serves no more; whose it was is not said."""
    request.frame = Frame(request.user, request.path, None)
    return render(request, "aid/dead_link.html", {"refusal": refusal})
