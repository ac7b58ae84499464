"""The three steps of the sign-up: « Infos personnelles », « Mes filiations », « Mes services »."""

from allauth.account import views as allauth_views
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.generic import RedirectView

from accounts.adapter import landing_url
from families import actions as families
from families.actions.members import removal
from families.forms import MemberForm
from families.models import Member, Membership
from portal import sign_up
from portal.lib.once import make_key
from portal.lib.refusals import Refusal
from portal.sign_up_forms import ServiceForm, SignUpForm

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

    def _one_more_row(self, request):
        form = row_added(request.POST)
        template = "signup/_members.html" if request.htmx else self.template_name
        return render(request, template, self.get_context_data(form=form))

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"steps": STEPS}


details = SignUpView.as_view()
# allauth's own sign-up page and its links lead here
details_of_allauth = login_not_required(RedirectView.as_view(pattern_name="signup", query_string=True))


def row_added(posted) -> SignUpForm:
    """Return the form as it was typed with one more empty beneficiary, and without a word about what is missing."""
    data = posted.copy()
    typed = data.get("members-TOTAL_FORMS", "")
    rows = min(int(typed) if typed.isdecimal() else 0, 11) + 1
    data |= {"members-TOTAL_FORMS": str(rows), "members-INITIAL_FORMS": "0"}
    form = SignUpForm(data)
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
    """Step 3: the service of one's commune; the request is then whole."""
    if request.user.may_enter:
        return redirect(landing_url(request.user))
    form = ServiceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = sign_up.finish(user=request.user, service=form.cleaned_data["service"])
        return redirect(landing_url(user))
    return render(request, "signup/services.html", {"form": form, "steps": STEPS, "communes": by_commune(form)})


def by_commune(form: ServiceForm) -> dict:
    """Return the choices under the name of their commune: « SAINT-MARCEL » → its services."""
    groups = {}
    for choice in form["service"]:
        groups.setdefault(choice.data["value"].instance.commune.name, []).append(choice)
    return groups
