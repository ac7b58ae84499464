"""The three steps of the sign-up: « Infos personnelles », « Mes filiations », « Mes services »."""

from allauth.account import views as allauth_views
from allauth.account.internal.flows.email_verification_by_code import EmailVerificationProcess
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView

from accounts.signing_in.adapter import landing_url
from common.addresses import read_id
from common.brakes.steady import answer_steadily
from common.refusals import Refusal
from common.writing.once import make_key
from families import actions as families
from families.actions.members import removal
from families.forms.households import MemberForm
from families.models import Member, Membership
from portal.sign_up import actions
from portal.sign_up.forms import EntryForm, SignUpForm
from services.actions.requests import NobodyChosen, NotAskable
from services.forms import SituationsForm
from services.models import Service
from services.reads.catalogue import asked_services, candidates, catalogue, wants_pieces

STEPS = "Infos personnelles / Mes filiations / Mes services"


class SignUpView(allauth_views.SignupView):
    """Step 1: allauth's sign-up with our form; « Ajouter nouveau bénéficiaire + » shows one more row."""

    form_class = SignUpForm
    template_name = "signup/details.html"

    def get_form_class(self):
        return self.form_class

    def post(self, request, *args, **kwargs):
        if "add_member" in request.POST:
            return self._one_more_row(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form):
        """The same answer, as late, for a known address and a new one."""
        answer_steadily(self.request)
        return super().form_valid(form)

    def _one_more_row(self, request):
        form = row_added(request.POST)
        template = "signup/_members.html" if request.htmx else self.template_name
        response = render(request, template, self.get_context_data(form=form))
        response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"steps": STEPS}


details = SignUpView.as_view()
# allauth's own sign-up page and its links lead here
details_of_allauth = login_not_required(RedirectView.as_view(pattern_name="signup", query_string=True))


def row_added(posted) -> SignUpForm:
    """Return the form as it was typed with one more empty beneficiary, and without a word about what is missing."""
    data = posted.copy()
    typed = data.get("members-TOTAL_FORMS", "")
    rows = min(read_id(typed) or 0, 11) + 1
    data |= {"members-TOTAL_FORMS": str(rows), "members-INITIAL_FORMS": "0"}
    form = SignUpForm(data)
    form.fields["password1"].widget.render_value = True  # without scripts the page comes anew: nothing typed is lost
    for part in (form, *form.members.forms):
        part._errors, part.cleaned_data = {}, {}
    form.members._errors, form.members._non_form_errors = [], form.members.error_class()
    return form


def members(request):
    """Step 2: the people of the family, added and removed one by one."""
    user = request.user
    if user.may_enter:
        return redirect(landing_url(user))
    form = MemberForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid() and _added(request, form):
        return redirect("signup_members")
    rows = Membership.objects.filter(family__guardians__user=user, withdrawn_at=None).select_related("member")
    context = {"form": form, "steps": STEPS, "once_key": make_key(user.owner, "add-member")}
    context["memberships"] = [(row, make_key(user.owner, removal(row.member_id))) for row in rows.order_by("pk")]
    return render(request, "signup/members.html", context)


def _added(request, form) -> bool:
    try:
        families.add_member(user=request.user, key=request.POST.get("once_key"), **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, refusal.sentences)
        return False
    messages.success(request, f"{form.cleaned_data['first_name']} a été ajouté à vos filiations.")
    return True


@login_not_required
@require_POST
def begin_again(request):
    """« Recommencer avec une autre adresse »: forget the sign-up that waits for its code, begun or not."""
    process = EmailVerificationProcess.resume(request)
    if process and request.user.is_anonymous:
        process.abort()
    return redirect("signup")


@require_POST
def remove_member(request, pk):
    """Take someone back out before the request is sent."""
    if request.user.may_enter:
        return redirect(landing_url(request.user))
    key = request.POST.get("once_key")
    if not families.was_removed(user=request.user, pk=pk, key=key or ""):
        member = get_object_or_404(Member.objects.filter(families__guardians__user=request.user), pk=pk)
        families.remove_member(user=request.user, member=member, key=key)
    return redirect("signup_members")


def services(request):
    """Step 3: the services asked for, and the entries of each commune; with one the sign-up is whole."""
    user = request.user
    if user.may_enter:
        return redirect(landing_url(user))
    guardian = getattr(user, "guardian", None)
    groups, communes = asked_services(user), catalogue(guardian and guardian.family)
    form = EntryForm(request.POST if request.method == "POST" else None, communes=communes)
    if form.is_valid():
        service, audience = form.entry
        if audience and Member.objects.of(user).exists():
            return redirect(f"{reverse('signup_situations', args=[service.pk])}?situation={audience.pk}")
        return redirect(landing_url(actions.finish(user=user, service=service)))
    return render(request, "signup/services.html", {"form": form, "steps": STEPS, "groups": groups})


def situations(request, pk):
    """Step 3 goes on: for whom the service is asked, in which situation; then its pieces."""
    user = request.user
    if user.may_enter:
        return redirect(landing_url(user))
    service = get_object_or_404(Service.objects.on_demand().select_related("commune"), pk=pk)
    posted, key = request.POST if request.method == "POST" else None, request.POST.get("once_key", "")
    situation = request.GET.get("situation", "")
    form = SituationsForm(posted, candidates=candidates(user, service), situation=situation)
    if form.is_valid() and (user := _asked(user, form, service, key)):
        return redirect("services:pieces", pk=pk) if wants_pieces(user, service) else redirect(landing_url(user))
    key = key or make_key(request.user.owner, f"sign-up:{service.pk}")
    return render(
        request, "signup/situations.html", {"form": form, "steps": STEPS, "service": service, "once_key": key}
    )


def _asked(user, form, service, key):
    try:
        return actions.finish(user=user, service=service, choices=form.choices(), key=key)
    except (NobodyChosen, NotAskable) as refusal:
        form.add_error(None, refusal.sentences)
        return None
