"""Who enters the family space: a person with a family; others are led to where they get one."""

import functools

from django.contrib import messages
from django.shortcuts import redirect

from families.models import Guardian


def family_required(view):
    """Let guardians in; a signed-in person without a family is led to where one opens."""

    @functools.wraps(view)
    def enter(request, *args, **kwargs):
        try:
            request.user.guardian  # noqa: B018 -- loaded with the user
        except Guardian.DoesNotExist:
            messages.info(request, "Cette page est réservée aux familles.")
            return redirect("account")
        return view(request, *args, **kwargs)

    return enter
