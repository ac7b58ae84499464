"""« Mes filiations »: the people of a household, the other parent, the yearly certification."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.standing import standing_of
from common.addresses import onward
from common.refusals import told_on
from common.values.calendars import school_year_of
from common.writing.once import make_key
from families import actions
from families.forms.households import ClassForm, InvitationForm, MemberForm
from families.models import IdentityChange, Invitation, Member, Membership, is_certified
from families.rules import HasUpcomingBookings, InvitationRefused

ASKED = (
    "Votre demande est envoyée au service qui a accepté cette personne : "
    "le nom et la date de naissance ne changent qu’avec l’accord d’un agent. Un e-mail vous préviendra."
)


def members(request):
    """The table « Mes Filiations » and the block « Ajouter une filiation »."""
    form = MemberForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid() and _added(request, form):
        return redirect("families:members")
    rows = list(Membership.objects.of(request.user).with_class(_school_year()))
    context = {
        "form": form,
        "memberships": [row for row in rows if row.withdrawn_at is None],
        "withdrawn": [row for row in rows if row.withdrawn_at],
        "invitations": Invitation.objects.of(request.user).open().order_by("pk"),
        "once_key": request.POST.get("once_key") or make_key(request.user.owner, "add-member"),
    }
    return render(request, "families/members.html", context)


def _added(request, form) -> bool:
    added = told_on(
        form, actions.add_member, user=request.user, key=request.POST.get("once_key", ""), **form.cleaned_data
    )
    if added:
        messages.success(request, f"{form.cleaned_data['first_name']} figure maintenant dans vos filiations.")
    return added


def _school_year() -> int:
    return school_year_of(timezone.localdate())


def _membership(request, pk) -> Membership:
    return get_object_or_404(Membership.objects.of(request.user).current(), member=pk)


def edit(request, pk):
    """Correct the details of a beneficiary, and the class of a child."""
    membership = _membership(request, pk)
    form = MemberForm(request.POST or None, user=request.user, member=membership.member, kinship=membership.kinship)
    if request.method == "POST" and form.is_valid():
        member = Member.objects.get(pk=membership.member_id)
        if told_on(form, actions.update_member, user=request.user, member=member, **form.cleaned_data):
            _tell_saved(request, member)
            return redirect("families:members")
    asked = IdentityChange.objects.of(request.user).filter(member=membership.member).last()
    class_form = ClassForm(membership=membership)
    context = {"form": form, "membership": membership, "class_form": class_form, "asked": asked}
    return render(request, "families/edit.html", context)


def _tell_saved(request, member) -> None:
    """What was written, or that a new identity is only asked for."""
    if IdentityChange.objects.of(request.user).to_decide().filter(member=member).exists():
        messages.info(request, ASKED)
    else:
        messages.success(request, "Les informations sont enregistrées.")


@require_POST
def school_class(request, pk):
    """Note the class that a parent chose for the current school year."""
    membership = _membership(request, pk)
    form = ClassForm(request.POST, membership=membership)
    if form.is_valid():
        chosen = form.cleaned_data["school_class"]
        actions.choose_class(user=request.user, member=membership.member, school_class=chosen)
        messages.success(request, f"La classe de {membership.member.first_name} est enregistrée.")
    else:
        messages.error(request, "Cette classe n’est pas proposée à votre enfant.")
    return redirect("families:edit", pk=pk)


def remove(request, pk):
    """« Supprimer un bénéficiaire », confirmed on a page of its own."""
    key = request.POST.get("once_key", "")
    if request.method == "POST" and actions.was_removed(user=request.user, pk=pk, key=key):
        return redirect("families:members")
    membership = _membership(request, pk)
    if request.method == "POST":
        return _remove(request, membership, key)
    key = make_key(request.user.owner, f"remove-member:{pk}")
    return render(request, "families/remove.html", {"membership": membership, "once_key": key})


def _remove(request, membership, key):
    try:
        actions.remove_member(user=request.user, member=membership.member, key=key)
    except HasUpcomingBookings as refusal:
        messages.error(request, refusal.sentence)
        return redirect("families:edit", pk=membership.member_id)
    messages.success(request, f"{membership.member.first_name} ne figure plus dans vos filiations.")
    return redirect("families:members")


@require_POST
def restore(request, pk):
    """Bring a withdrawn beneficiary back."""
    membership = get_object_or_404(Membership.objects.of(request.user), member=pk)
    actions.restore_member(user=request.user, member=membership.member)
    messages.success(request, f"{membership.member.first_name} figure de nouveau dans vos filiations.")
    return redirect("families:members")


def certify(request):
    """« Vérifiez vos informations », once a school year before booking."""
    next_page = onward(request) or reverse("families:members")
    if request.method == "POST":
        actions.certify(user=request.user)
        messages.success(request, "Merci, vos informations sont certifiées pour cette année scolaire.")
        return redirect(next_page)
    family = getattr(request.user, "guardian", None) and request.user.guardian.family
    year = _school_year()
    context = {
        "memberships": Membership.objects.of(request.user).current().with_class(year),
        "certified": bool(family) and is_certified(family, timezone.localdate()),
        "school_year": f"{year}-{year + 1}",
        "onward": next_page,
    }
    return render(request, "families/certify.html", context)


def invite(request):
    """« Inviter l’autre parent »: into the same household, or to share children between two accounts."""
    form = InvitationForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        key = request.POST.get("once_key", "")
        if told_on(form, actions.invite, user=request.user, key=key, **form.cleaned_data):
            messages.success(request, f"L’invitation est partie à {form.cleaned_data['email']}.")
            return redirect("families:members")
    key = request.POST.get("once_key") or make_key(request.user.owner, "invite")
    return render(request, "families/invite.html", {"form": form, "once_key": key})


@require_POST
def withdraw_invitation(request, pk):
    """Take back an invitation that was not accepted yet."""
    invitation = get_object_or_404(Invitation.objects.of(request.user), pk=pk)
    actions.withdraw_invitation(user=request.user, invitation=invitation)
    messages.success(request, f"L’invitation envoyée à {invitation.email} est retirée.")
    return redirect("families:members")


@login_not_required
@never_cache
def accept(request, token):
    """The page behind the link of an invitation: read by anyone who holds it, accepted by a validated person."""
    person = request.user if request.user.is_authenticated else None
    try:
        invitation = actions.find_invitation(token, person)
        if request.method == "POST":
            return _accept(request, token)
        if invitation.accepted_at:
            return redirect("families:members")
    except InvitationRefused as refusal:
        return render(request, "families/invitation_closed.html", {"refusal": refusal}, status=refusal.status)
    may_accept = person is not None and person.may_enter
    children = Member.objects.of_family(invitation.family_id).filter(pk__in=invitation.members.all())
    context = {"invitation": invitation, "may_accept": may_accept, "children": children if may_accept else []}
    if person and not may_accept:
        context["standing"] = standing_of(person)
    return render(request, "families/accept.html", context)


accept.before_validation = True  # a person who waits for an agent is told what to do with the invitation


def _accept(request, token):
    if not (request.user.is_authenticated and request.user.may_enter):
        raise Http404
    actions.accept_invitation(user=request.user, token=token)
    messages.success(request, "Vous avez accepté l’invitation.")
    return redirect("families:members")
