"""Aid accounts as their funder's staff sees them: plans, suspensions, rights, payments, who opens them; what is decided."""

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery, Sum
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html, format_html_join

from cesu.aid.actions.people.helpers import authorise, inviting, revoke, revoking
from cesu.aid.actions.people.sign_up import confirm_access, confirming
from cesu.aid.actions.rights import changes
from cesu.aid.actions.rights.plans import awaiting
from cesu.aid.actions.sign_up_codes import give_code, giving
from cesu.aid.admin.rows import AidDecisions
from cesu.aid.forms.funders import AuthoriseForm, CorrectForm, EndForm, PlanForm, ResumeForm, SuspendForm
from cesu.aid.reads.access import to_confirm
from cesu.models import AidAccess, AidAccount, AidPlan, AidSuspension, MonthlyRight
from cesu.models.doors import CODE_DAYS
from cesu.rules.aid import hours, month_of
from common.admin import ReadOnlyRows
from common.refusals import Refusal
from common.values.dates import date_short, month_title
from common.values.money import euros
from common.writing.once import make_key

PAGE = 50


class PlanRows(ReadOnlyRows):
    model = AidPlan
    fields = ["since", "monthly", "rate"]
    readonly_fields = ["monthly", "rate"]

    @admin.display(description="heures par mois")
    def monthly(self, plan):
        return hours(plan.minutes)

    @admin.display(description="montant horaire")
    def rate(self, plan):
        return f"{plan.hourly_rate}\u00a0€".replace(".", ",") if plan.hourly_rate else "celui de la règle"


class SuspensionRows(ReadOnlyRows):
    model = AidSuspension
    fields = ["since", "until", "reason"]


class RightRows(ReadOnlyRows):
    model = MonthlyRight
    fields = ["title", "granted", "left", "until", "correct"]
    readonly_fields = ["title", "granted", "left", "until", "correct"]
    ordering = ["-month"]

    def get_queryset(self, request):
        return (
            MonthlyRight.objects.until_when()
            .select_related("account__balance", "aid_account__holder")
            .order_by("-month")
        )

    @admin.display(description="mois")
    def title(self, right):
        return month_title(right.month)

    @admin.display(description="accordé")
    def granted(self, right):
        return changes.amount_of(right.granted_minutes, right.granted_cents)

    @admin.display(description="reste")
    def left(self, right):
        balance = right.account.balance
        return changes.amount_of(balance.minutes, balance.cents)

    @admin.display(description="utilisable jusqu’au")
    def until(self, right):
        return date_short(right.until)

    @admin.display(description="action")
    def correct(self, right):
        return format_html('<a href="{}">Corriger</a>', reverse("admin:cesu_aidaccount_correct", args=[right.pk]))


class StateFilter(admin.SimpleListFilter):
    """What is given today."""

    title, parameter_name = "état", "etat"

    def lookups(self, request, model_admin):
        return [("en-cours", "Aide en cours"), ("suspendus", "Suspendus"), ("fermes", "Fin des droits notée")]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        away = AidSuspension.objects.filter(since__lte=today).exclude(until__lt=today).values("aid_account")
        states = {
            "en-cours": queryset.filter(ended_on=None).exclude(pk__in=away),
            "suspendus": queryset.filter(ended_on=None, pk__in=away),
            "fermes": queryset.exclude(ended_on=None),
        }
        return states.get(self.value(), queryset)


class AccessFilter(admin.SimpleListFilter):
    """Who signed up and may not pay yet."""

    title, parameter_name = "accès", "acces"

    def lookups(self, request, model_admin):
        return [("a-confirmer", "À confirmer")]

    def queryset(self, request, queryset):
        return queryset.filter(holder__in=to_confirm().values("holder")) if self.value() == "a-confirmer" else queryset


class MonthFilter(admin.SimpleListFilter):
    """Whether this month's right was given."""

    title, parameter_name = "droit du mois", "mois"

    def lookups(self, request, model_admin):
        return [("sans", "Prévu par un plan, pas encore donné"), ("avec", "Donné")]

    def queryset(self, request, queryset):
        month = month_of(timezone.localdate())
        given = MonthlyRight.objects.filter(month=month, revision__gt=0).values("aid_account")
        states = {"sans": queryset.filter(pk__in=awaiting(month).values("pk")), "avec": queryset.filter(pk__in=given)}
        return states.get(self.value(), queryset)


@admin.register(AidAccount)
class AidAccountAdmin(AidDecisions):
    """The accounts in hours of the agent's funders."""

    list_display = ["holder", "code", "kind", "funder", "left", "ended_on"]
    list_display_links = ["holder"]
    list_select_related = ["holder", "funder"]
    list_filter = [StateFilter, MonthFilter, AccessFilter, "kind"]
    list_per_page = 50
    ordering = ["holder__last_name", "holder__first_name", "pk"]
    search_fields = ["holder__last_name", "holder__first_name", "holder__code"]
    search_help_text = "Nom, prénom ou code CESU"
    fields = ["code", "birth_date", "kind", "funder", "contact", "people", "ended_on", "end_reason", "closes_on"]
    readonly_fields = ["code", "birth_date", "contact", "people"]
    inlines = [RightRows, PlanRows, SuspensionRows]
    change_form_template = "admin/cesu/aid_account.html"
    pages = {
        "<id:pk>/plan/": "plan",
        "<id:pk>/suspendre/": "suspend",
        "<id:pk>/reprendre/": "resume",
        "<id:pk>/fin/": "end",
        "<id:pk>/rouvrir/": "reopen",
        "<id:pk>/paiements/": "payments",
        "<id:pk>/autoriser/": "authorise",
        "<id:pk>/code-inscription/": "give_code",
        "acces/<id:pk>/confirmer/": "confirm",
        "acces/<id:pk>/retirer/": "revoke",
        "droits/<id:pk>/corriger/": "correct",
    }

    def get_queryset(self, request):
        rows = super().get_queryset(request).of_agent(request.user).distinct()
        left = MonthlyRight.objects.filter(aid_account=OuterRef("pk")).order_by().values("aid_account")
        return rows.annotate(
            minutes=Subquery(left.annotate(sum=Sum("account__balance__minutes")).values("sum")),
            cents=Subquery(left.annotate(sum=Sum("account__balance__cents")).values("sum")),
        )

    @admin.display(description="code CESU", ordering="holder__code")
    def code(self, account):
        return account.holder.code

    @admin.display(description="date de naissance")
    def birth_date(self, account):
        return date_short(account.holder.birth_date) if account.holder.birth_date else ""

    @admin.display(description="reste")
    def left(self, account):
        return changes.amount_of(int(account.minutes or 0), int(account.cents or 0))

    @admin.display(description="contact connu")
    def contact(self, account):
        return " · ".join(filter(None, [account.holder.contact_email, account.holder.contact_phone])) or "aucun"

    @admin.display(description="qui ouvre ces comptes")
    def people(self, account):
        accesses = (
            AidAccess.objects.standing().filter(holder=account.holder_id).select_related("user").order_by("role", "pk")
        )
        return (
            format_html_join("", "<div>{} {}</div>", ((who(each), _deeds(each)) for each in accesses))
            or "personne encore"
        )

    # --- What is decided ------------------------------------------------------------------------------------------------
    def plan(self, request, pk):
        """« Changer le plan »."""
        account = self._account(request, pk)
        last = account.plans.order_by("-since").first()
        known = {"minutes": last.minutes, "hourly_rate": last.hourly_rate} if last else {}
        words = ("Changer le plan d’aide", "Le plan est enregistré.")
        return self._propose(
            request, account, PlanForm(request.POST or None, initial=known), changes.change_plan, *words
        )

    def suspend(self, request, pk):
        """« Suspendre », for a stay in hospital."""
        words = ("Suspendre l’aide", "La suspension est enregistrée.")
        return self._propose(
            request, self._account(request, pk), SuspendForm(request.POST or None), changes.suspend, *words
        )

    def resume(self, request, pk):
        """« Reprendre »."""
        words = ("Reprendre l’aide", "L’aide reprend.")
        return self._propose(
            request, self._account(request, pk), ResumeForm(request.POST or None), changes.resume, *words
        )

    def end(self, request, pk):
        """« Noter la fin des droits », a death first of all."""
        words = ("Noter la fin des droits", "La fin des droits est enregistrée.")
        return self._propose(
            request, self._account(request, pk), EndForm(request.POST or None), changes.end_account, *words
        )

    def reopen(self, request, pk):
        """« Annuler la fin des droits »."""
        form = _no_form(request)
        words = ("Annuler la fin des droits", "Le compte est rouvert.")
        return self._propose(request, self._account(request, pk), form, changes.reopen_account, *words)

    def correct(self, request, pk):
        """« Corriger » a month's right."""
        self.require(request, "change_aidaccount")
        rights = MonthlyRight.objects.filter(granted_minutes__isnull=False).select_related("aid_account__holder")
        right = get_object_or_404(rights.filter(aid_account__in=self.get_queryset(request).values("pk")), pk=pk)
        form = CorrectForm(request.POST or None, initial={"minutes": right.granted_minutes})
        return self.propose(
            request,
            f"Corriger {month_title(right.month).lower()} : {right.aid_account}",
            form,
            partial(changes.correct_right, right=right),
            purpose=changes.correcting(right),
            done="Le droit est corrigé.",
            back=self.address("change", right.aid_account_id),
            summary=[f"Accordé : {changes.amount_of(right.granted_minutes, right.granted_cents)}."],
        )

    def _account(self, request, pk) -> AidAccount:
        self.require(request, "change_aidaccount")
        return self.row(request, pk)

    def _propose(self, request, account, form, action, title, done):
        return self.propose(
            request,
            f"{title} : {account}",
            form,
            partial(action, account=account),
            purpose=changes.deciding(account),
            done=done,
            back=self.address("change", account.pk),
            summary=[f"Code CESU {account.holder.code}. Reste sur le compte : {self.left(account)}."],
        )

    # --- Who opens it ---------------------------------------------------------------------------------------------------
    def authorise(self, request, pk):
        """« Autoriser un proche ou un tuteur »: an invitation by email."""
        account = self._account(request, pk)
        summary = ["La personne reçoit un lien par e-mail, valable une seule fois. Son nom sera sur chaque paiement."]
        form = AuthoriseForm(request.POST or None)

        def act(agent, key, **person):
            authorise(agent=agent, holder=account.holder, person=person, key=key)

        words = ("Autoriser un proche ou un tuteur", "L’invitation est partie.", summary, "Envoyer l’invitation")
        return self._open(request, account, form, act, inviting(account.holder), *words)

    def give_code(self, request, pk):
        """« Code d’inscription »: shown once, to be read on the phone or sent by post."""
        account, code = self._account(request, pk), None
        if request.method == "POST":
            try:
                code = give_code(agent=request.user, holder=account.holder, key=request.POST.get("once_key", ""))
                self.log_change(request, account, "Code d’inscription donné")
            except Refusal as refusal:
                messages.error(request, str(refusal))
        key = make_key(request.user.owner, giving(account.holder))
        context = {"account": account, "code": code, "once_key": key, "back": self.address("change", pk)}
        context |= {"contact": self.contact(account), "days": CODE_DAYS}
        response = self.page(request, "cesu/aid_sign_up_code", f"Code d’inscription : {account.holder}", **context)
        add_never_cache_headers(response)
        return response

    def confirm(self, request, pk):
        """« Confirmer l’accès » of who signed up, once heard on the phone."""
        account, access = self._access(request, pk)
        contact = f"Le contact que vous connaissez : {self.contact(account)}."
        summary = [f"{who(access)}.", contact, "La personne pourra payer. Elle reçoit un e-mail qui le dit."]
        words = ("Confirmer l’accès", "L’accès est confirmé.", summary, "Confirmer l’accès")
        return self._open(
            request, account, _no_form(request), partial(confirm_access, access=access), confirming(access), *words
        )

    def revoke(self, request, pk):
        """« Retirer l’accès » at once."""
        account, access = self._access(request, pk)
        summary = [
            f"{who(access)}.",
            "La personne ne pourra plus ouvrir ces comptes. Elle reçoit un e-mail qui le dit.",
        ]
        if access.role == AidAccess.Role.BENEFICIARY:
            summary.append("Les proches à qui elle a donné un accès le perdent aussi.")

        def act(agent, key):
            revoke(by=agent, access=access, key=key)

        words = ("Retirer l’accès", "L’accès est retiré.", summary, "Retirer l’accès")
        return self._open(request, account, _no_form(request), act, revoking(access), *words)

    def _access(self, request, pk) -> tuple[AidAccount, AidAccess]:
        """An access of the agent's people, and an account of theirs that the agent sees."""
        self.require(request, "change_aidaccount")
        standing = AidAccess.objects.standing().select_related("user", "holder")
        mine = self.get_queryset(request)
        access = get_object_or_404(standing.filter(holder__in=mine.values("holder")), pk=pk)
        return mine.filter(holder=access.holder_id).select_related("holder").first(), access

    def _open(self, request, account, form, action, purpose, title, done, summary, button):
        def act(**said):
            action(**said)
            return account

        shown = {"done": done, "summary": summary, "button": button, "back": self.address("change", account.pk)}
        return self.decide(request, f"{title} : {account.holder}", form, act, purpose=purpose, **shown)

    # --- What was paid --------------------------------------------------------------------------------------------------
    def payments(self, request, pk):
        """What the account paid, the last first."""
        self.require(request, "view_aidaccount")
        account = self.row(request, pk)
        rows = account.payments.select_related("caregiver", "by").order_by("-created_at", "-pk")
        lines = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        rows = [(each, hours(each.minutes) if each.minutes else "", euros(each.paid_cents)) for each in lines]
        context = {"lines": lines, "rows": rows, "account": account, "back": self.address("change", pk)}
        return self.page(request, "cesu/aid_payments", f"Paiements : {account}", **context)


def _no_form(request):
    """The form of a page that only asks for a confirmation."""
    return forms.Form(request.POST if request.method == "POST" else None)


def _deeds(access: AidAccess):
    """The pages that decide of an access."""
    confirm, revoke = (reverse(f"admin:cesu_aidaccount_{page}", args=[access.pk]) for page in ("confirm", "revoke"))
    waits = access.may_pay and access.confirmed_at is None
    first = format_html('<a href="{}">Confirmer</a> · ', confirm) if waits else ""
    return format_html('({}<a href="{}">Retirer</a>)', first, revoke)


def who(access: AidAccess) -> str:
    """« Odette Lacoste, bénéficiaire, depuis le 03-11-2026 : consulte, à confirmer »."""
    looks = "consulte, à confirmer" if access.confirmed_at is None else "consulte seulement"
    may = "paie" if access.pays else looks
    since = date_short(access.created_at)
    return f"{access.user}, {access.get_role_display().lower()}, depuis le {since} : {may}"
