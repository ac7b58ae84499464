"""« Mes proches », the invitation that they receive, « Mes informations »."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.models import User
from cesu.aid.actions.people import helpers as actions
from cesu.aid.actions.people import links
from cesu.aid.actions.people.profiles import update_profile
from cesu.aid.forms.people import HelperForm, NewHelperForm, ProfileForm
from cesu.aid.reads.access import aid_required, dead_link, funder_of, login_of
from cesu.aid.reads.frame import Frame, named, of_person
from cesu.links import link_page
from cesu.models import AidAccess, AidInvitation
from cesu.rules.people import DeadLink
from common.refusals import Refusal, told_on
from common.writing.once import make_key


# --- « Mes proches » --------------------------------------------------------------------------------------------------
@sensitive_post_parameters("password")
@aid_required
def helpers(request):
    """Who may open the account, what they may do, since when; invite one more."""
    holder, gives = request.holder, actions.gives(request.access)
    form = HelperForm(request.POST or None, initial={"may": "pay"})
    key = request.POST.get("once_key") or make_key(request.user.owner, actions.inviting(holder))
    if request.method == "POST" and form.is_valid():
        said = {"person": form.person(), "password": form.cleaned_data["password"], "key": key}
        sent = told_on(form, actions.invite, user=request.user, holder=holder, **said)
        if sent:
            messages.success(request, f"L’invitation est partie à {sent.email}.")
            return redirect("aid:helpers", holder.pk)
    people = AidAccess.objects.standing().filter(holder=holder).select_related("user").order_by("role", "pk")
    waiting = holder.invitations.filter(ended_at=None) if gives else []
    keyed = [(each, make_key(request.user.owner, actions.withdrawing(each))) for each in waiting]
    context = {"form": form, "people": people, "waiting": keyed, "gives": gives, "once_key": key}
    return render(request, "aid/helpers.html", context)


@aid_required
def helper_revoke(request, pk):
    """Take an authorisation back, confirmed on a page of its own."""
    access = _of_holder(request, AidAccess.objects.filter(role=AidAccess.Role.HELPER).select_related("user"), pk)
    if request.method == "POST":
        actions.revoke(by=request.user, access=access, key=request.POST.get("once_key", ""))
        messages.success(request, f"{access.user} ne peut plus ouvrir ce compte.")
        return redirect("aid:helpers", request.holder.pk)
    key = make_key(request.user.owner, actions.revoking(access))
    return render(request, "aid/helper_revoke.html", {"helper": access, "once_key": key})


@require_POST
@aid_required
def invitation_withdraw(request, pk):
    """Withdraw an invitation that nobody took yet."""
    invitation = _of_holder(request, AidInvitation.objects.all(), pk)
    actions.withdraw(user=request.user, invitation=invitation, key=request.POST.get("once_key", ""))
    messages.success(request, f"L’invitation envoyée à {invitation} est retirée.")
    return redirect("aid:helpers", request.holder.pk)


def _of_holder(request, rows, pk):
    """A row of the holder, for who gives and takes back; for others it does not exist."""
    rows = rows if actions.gives(request.access) else rows.none()
    return get_object_or_404(rows, pk=pk, holder=request.holder)


# --- The invitation ---------------------------------------------------------------------------------------------------
@link_page
def invitation(request, token):
    """The page of the emailed link: accept with one's login, or as somebody new."""
    try:
        asked = links.invitation_of(token)
    except DeadLink as refusal:
        return dead_link(request, refusal)
    request.frame = Frame(request.user, request.path, funder_of(asked.holder_id))
    context = {"invitation": asked, "name": named(asked.holder), "funder": request.frame.funder}
    logins = actions.logins_for(asked)
    if request.user.is_authenticated:
        return _accept(request, token, context | {"is_theirs": request.user in logins})
    if logins:
        return render(request, "aid/invitation_sign_in.html", context)
    return _accept_as_new(request, token, asked, context)


def _accept(request, token, context):
    """Who is signed in accepts, when the invitation is theirs."""
    if request.method == "POST" and context["is_theirs"] and login_of(request.user):
        try:
            access = actions.accept(token=token, user=request.user)
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
            return redirect("aid:space")
        messages.success(request, f"Vous pouvez maintenant ouvrir le compte {of_person(context['name'])}.")
        return redirect("aid:home", access.holder_id)
    return render(request, "aid/invitation_accept.html", context)


def _accept_as_new(request, token, asked, context):
    names = {"first_name": asked.first_name, "last_name": asked.last_name}
    form = NewHelperForm(request.POST or None, initial=names, user=User(**names), is_first=True)
    if request.method == "POST" and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "password")}
        access = told_on(form, actions.accept_as_new, token=token, **typed)
        if access:
            messages.success(request, f"Vous pouvez maintenant ouvrir le compte {of_person(context['name'])}.")
            return perform_login(request, access.user)
    return render(request, "aid/invitation.html", context | {"form": form})


# --- « Mes informations » ---------------------------------------------------------------------------------------------
@sensitive_post_parameters("password")
@aid_required
def profile(request):
    """« Mes informations » (S1-73): who the account belongs to, how to reach the person who looks."""
    login = request.user.aid_login
    form = ProfileForm(request.POST or None, initial={"email": login.email, "phone": request.user.phone})
    if request.method == "POST" and form.is_valid() and _updated(request, form):
        messages.success(request, "Vos informations sont enregistrées.")
        return redirect("aid:profile", request.holder.pk)
    is_own = request.access.role == AidAccess.Role.BENEFICIARY
    code = request.holder.code if is_own else f"••••••{request.holder.code[-2:]}"
    context = {"form": form, "name": named(request.holder), "code": code, "is_own": is_own, "login": login}
    return render(request, "aid/profile.html", context)


def _updated(request, form) -> bool:
    return bool(told_on(form, update_profile, user=request.user, **form.cleaned_data))
