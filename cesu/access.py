"""Who enters the employers' space: a manager who was not removed; for anybody else its pages do not exist."""

import functools

from django.http import Http404
from django.urls import reverse, reverse_lazy

from accounts.models import User
from cesu.models import Manager

LOGIN = reverse_lazy("cesu:login")
STAFF = "Émetteur CESU"  # the group of the issuer's staff
STAFF_TABLES = {
    **dict.fromkeys(
        ["employer", "issuer", "ceiling", "transport", "terms", "spacenews", "usefuldocument"], "view add change"
    ),
    "invoice": "view add",
    **dict.fromkeys(["activationrequest", "helprequest", "voucherorder", "fabrication"], "view change"),
    **dict.fromkeys(["opposition", "voucher"], "view"),
    "funder": "view add change",
    "caregiver": "view add change",
    "aidtransferbatch": "view change",
    "aidpayment": "view",
}
FUNDER_STAFF = "Financeur d’aide"  # the group of the funders' staff; each sees their own funder only (of_agent)
FUNDER_TABLES = {
    "funder": "view change",
    **dict.fromkeys(["aidrule", "aidplan", "aidsuspension"], "view add change"),
    "aidaccount": "view change",
    **dict.fromkeys(["aidpayment", "aidtransferbatch"], "view change"),
    "rightsimport": "view add",
}
GROUPS = {STAFF: STAFF_TABLES, FUNDER_STAFF: FUNDER_TABLES}


def manager_of(user: User) -> Manager | None:
    """The manager that a person is, loaded with them; None for everybody else."""
    manager = getattr(user, "manager", None)
    return manager if manager and manager.removed_at is None else None


def space_of_manager(*, user: User) -> str | None:
    """Where a manager lands after signing in."""
    return reverse("cesu:home") if manager_of(user) else None


def manager_required(view):
    """Let managers in, with ``request.employer``; who is not signed in goes to the employers' own login page (S0-18)."""

    @functools.wraps(view)
    def enter(request, *args, **kwargs):
        manager = manager_of(request.user)
        if manager is None:
            raise Http404
        request.employer = manager.employer
        return view(request, *args, **kwargs)

    enter.login_url = LOGIN
    return enter
