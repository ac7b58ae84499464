"""The ways into the beneficiaries’ space: « ESPACE BÉNÉFICIAIRE », sign-up, the emailed links, the home of the space."""

from allauth.account.views import LoginView
from allauth.core.ratelimit import consume
from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.models import User
from cesu.aid.actions.people import links
from cesu.aid.actions.people import sign_up as actions
from cesu.aid.forms.access import AddressForm, BeneficiaryLoginForm, CodeForm, IdentifierForm
from cesu.aid.reads.access import LOGIN, aid_required, at_funder, dead_link, funder_of, funder_page, login_of
from cesu.aid.reads.balances import balances_of
from cesu.aid.reads.frame import Frame, colours_of, named, of_person
from cesu.fields import PasswordForm
from cesu.links import CHOSEN, choose_password, link_page
from cesu.models import AidAccess, AidPayment, CesuHolder, Funder
from cesu.rules.people import DeadLink
from common.brakes.steady import answer_steadily
from common.refusals import told_on
from common.writing.once import make_key

LAST = 3  # payments shown at the home
RECOGNISED = "aid-sign-up"  # in the session: whom step 1 recognised, and the address of step 2
STEPS = "Votre code CESU / Votre adresse e-mail / Votre mot de passe"
NEUTRAL_LINK = (
    "Si nous connaissons cet identifiant, un e-mail vous parvient dans quelques minutes, "
    "avec un lien pour choisir un nouveau mot de passe."
)
TOO_MANY_LINKS = "Plusieurs e-mails sont déjà partis. Regardez vos messages, ou recommencez dans une heure."


# --- Public pages -----------------------------------------------------------------------------------------------------
@require_safe
@login_not_required
def funders(request):
    """Whose aid it is: the list of funders, straight to the one when there is one."""
    found = list(Funder.objects.filter(is_active=True))
    if len(found) == 1:
        asked = request.META["QUERY_STRING"]
        return redirect(reverse("aid:welcome", args=[found[0].slug]) + (f"?{asked}" if asked else ""))
    request.frame = Frame(request.user, request.path, None)
    return render(request, "aid/funders.html", {"funders": found, "asked": request.META["QUERY_STRING"]})


class BeneficiaryLogin(LoginView):
    """« ESPACE BÉNÉFICIAIRE » (S1-15…S1-23): allauth’s login with the words of guide 001."""

    template_name = "aid/welcome.html"

    def setup(self, request, *args, funder, **kwargs):
        super().setup(request, *args, **kwargs)
        at_funder(request, funder)

    def get_form_class(self):
        return BeneficiaryLoginForm


welcome = login_not_required(BeneficiaryLogin.as_view())


@require_safe
@login_not_required
@cache_control(public=True, max_age=86400)
@funder_page
def colours(request):
    """The funder’s colours as a stylesheet; the page that asks names their version."""
    return HttpResponse(colours_of(request.funder), content_type="text/css; charset=utf-8")


@require_safe
@login_not_required
@funder_page
def how_to(request):
    """« D’effectuer en quelques clics »: why, how to connect, how to pay, whom to call (S1-1…S1-8, S1-74…S1-76)."""
    return render(request, "aid/how_to.html")


@require_safe
@login_not_required
@funder_page
def contact(request):
    """Whom to call or write to: the funder’s own service (S1-23, S1-30)."""
    return render(request, "aid/contact.html")


@require_safe
@login_not_required
@funder_page
def privacy(request):
    """What becomes of personal data, and who answers for it (S1-33)."""
    return render(request, "aid/privacy.html")


# --- Sign-up ----------------------------------------------------------------------------------------------------------
@login_not_required
@sensitive_post_parameters("code", "birth_date", "given")
@rate_limit(action="aid")
@never_cache
@funder_page
def sign_up(request):
    """« Renseignements préalables à l’inscription » (S1-24…S1-28): the code and the birth date."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        holder = told_on(form, actions.recognise, funder=request.funder, **form.cleaned_data)
        if holder:
            request.session[RECOGNISED] = {"holder": holder.pk, "funder": request.funder.pk}
            return redirect("aid:sign_up_email", request.funder.slug)
    return render(request, "aid/sign_up.html", {"form": form, "steps": STEPS, "is_slow": actions.is_slow()})


@login_not_required
@rate_limit(action="aid")
@never_cache
@funder_page
def sign_up_email(request):
    """The address to which the link goes (S1-13)."""
    holder = _recognised(request)
    if holder is None:
        return redirect("aid:sign_up", request.funder.slug)
    form = AddressForm(request.POST or None)
    key = request.POST.get("once_key") or make_key(actions.VISITOR, actions.SIGN_UP)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if not consume(request, action="aid_link", key=holder.code):
            form.add_error(None, TOO_MANY_LINKS)
        elif told_on(form, actions.send_link, holder=holder, funder=request.funder, email=email, key=key):
            request.session[RECOGNISED] |= {"email": email}
            request.session.modified = True
            return redirect("aid:sign_up_done", request.funder.slug)
    return render(request, "aid/sign_up_email.html", {"form": form, "steps": STEPS, "once_key": key})


def _recognised(request) -> CesuHolder | None:
    """Whom this browser's first step recognised, with this funder."""
    typed = request.session.get(RECOGNISED, {})
    mine = typed.get("funder") == request.funder.pk
    return CesuHolder.objects.filter(pk=typed["holder"]).first() if mine else None


@require_safe
@login_not_required
@never_cache
@funder_page
def sign_up_done(request):
    """What happens next: open the email, click on its link."""
    email = request.session.get(RECOGNISED, {}).get("email")
    return render(request, "aid/sign_up_done.html", {"email": email, "steps": STEPS})


@link_page
def activate(request, token):
    """The page of the emailed link: a password of one's own, and the account is active (S1-14)."""
    try:
        asked = links.sign_up_of(token)
    except DeadLink as refusal:
        return dead_link(request, refusal)
    request.frame = Frame(request.user, request.path, asked.funder)
    holder = asked.holder
    names = {"first_name": holder.first_name, "last_name": holder.last_name, "birth_date": holder.birth_date}
    person = User(identifier=holder.code, email=asked.email, **names)
    form = PasswordForm(request.POST or None, user=person, is_first=True)
    done = f"VOTRE {asked.funder.account_name.upper()} EST ACTIF !"
    let_in = choose_password(request, form, actions.open_access, token=token, done=done)
    if let_in:
        request.session.pop(RECOGNISED, None)
        return let_in
    return render(request, "aid/activate.html", {"form": form, "title": "Choisissez votre mot de passe"})


@login_not_required
@rate_limit(action="activation")
@never_cache
def confirm_access(request, token):
    """The page of the email to the address that the funder knows: « it was me », and one may pay."""
    try:
        access = links.access_of(token)
        if request.method == "POST":
            access = actions.confirm_by_link(token=token)
    except DeadLink as refusal:
        return dead_link(request, refusal)
    request.frame = Frame(request.user, request.path, funder_of(access.holder_id))
    name = named(access.holder)
    return render(request, "aid/confirm_access.html", {"asked": access, "name": name, "of_name": of_person(name)})


# --- The password -----------------------------------------------------------------------------------------------------
@login_not_required
@rate_limit(action="aid")
@never_cache
@funder_page
def forgotten(request):
    """« Mot de passe oublié ? » (S1-20): the same answer for everybody, a few emails an hour for one name."""
    form = IdentifierForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["identifier"]
        if consume(request, action="aid_link", key=typed.lower()):
            answer_steadily(request)
            links.forgot(typed=typed)
        messages.success(request, NEUTRAL_LINK)
        return redirect("aid:welcome", request.funder.slug)
    return render(request, "aid/forgotten.html", {"form": form})


@link_page
def new_password(request, token):
    """The page of the emailed link: another password, and be in the space."""
    try:
        user = links.user_of(token)
    except DeadLink as refusal:
        return dead_link(request, refusal)
    mine = AidAccess.objects.of(user).first()
    request.frame = Frame(request.user, request.path, funder_of(mine.holder_id) if mine else None)
    form = PasswordForm(request.POST or None, user=user, is_first=False)
    let_in = choose_password(request, form, links.choose_password, token=token, done=CHOSEN)
    return let_in or render(request, "aid/activate.html", {"form": form, "title": "Choisissez un nouveau mot de passe"})


# --- The space --------------------------------------------------------------------------------------------------------
@require_safe
def space(request):
    """The holders whose accounts one may open; straight to the one when there is one."""
    if login_of(request.user) is None:
        raise Http404
    accesses = list(AidAccess.objects.of(request.user))
    if len(accesses) == 1:
        return redirect("aid:home", accesses[0].holder_id)
    request.frame = Frame(request.user, request.path, funder_of(accesses[0].holder_id) if accesses else None)
    rows = [(access, named(access.holder)) for access in accesses]
    return render(request, "aid/space.html", {"rows": rows})


space.login_url = LOGIN


@require_safe
@aid_required
def home(request):
    """What is left on each account, in simple words; the last payments."""
    paid = AidPayment.objects.filter(aid_account__holder=request.holder).exclude(confirmed_at=None)
    last = paid.select_related("caregiver").order_by("-confirmed_at", "-pk")[:LAST]
    context = {"balances": balances_of(request.holder, timezone.localdate()), "last": last}
    return render(request, "aid/home.html", context)
