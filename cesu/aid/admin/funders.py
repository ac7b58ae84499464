"""Funders and their rules: the funder's own staff writes its texts and rules, the issuer's staff opens funders."""

from datetime import date

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import User
from cesu.access import FUNDER_STAFF
from cesu.aid.actions.funders import OPENING, create_funder
from cesu.aid.actions.rights.expiry import returns_of
from cesu.aid.forms.funders import FunderForm, NewFunderForm, RuleForm, has_served
from cesu.models import AidRule, Funder
from cesu.rules.aid import hours
from cesu.staff import IssuerEdits
from common.admin import BankAccount, Coloured, CommunesAdmin
from common.files.sheets import amount, csv_response
from common.values.dates import date_short, last_months, month_title
from common.values.money import euros

PAGE, MONTHS = 50, 24  # lines a page; months offered


@admin.register(Funder)
class FunderAdmin(BankAccount, Coloured, IssuerEdits):
    """Its staff sees its own; the issuer's staff, who opens them, sees all."""

    form = FunderForm
    list_display = ["name", "account_name", "phone", "is_active"]
    fieldsets = [
        ("Identité", {"fields": ["name", "slug", "account_name", "paper_name", "introduction"]}),
        ("Exploitant et données personnelles", {"fields": ["operator", "controller"]}),
        ("Où l’on vous joint", {"fields": ["phone", "phone_price", "email"]}),
        (
            "Couleurs",
            {
                "fields": ["colour_primary", "primary_contrast", "colour_accent", "accent_contrast"],
                "description": "Les pages prennent une nouvelle couleur en cinq minutes au plus.",
            },
        ),
        (
            "Règles de paiement",
            {
                "fields": ["order_of_use", "fee_cents", "fee_slice_cents", "max_complement_cents", "reopening_days"],
                "description": "Le montant horaire et la validité des droits sont dans « Règles des comptes d’aide ».",
            },
        ),
        ("Compte bancaire qui paie les intervenants", {"fields": ["account_holder", "iban", "bic"]}),
        ("Équipe", {"fields": ["staff", "is_active"]}),
    ]
    readonly_fields = ["slug", "primary_contrast", "accent_contrast"]
    change_form_template = "admin/cesu/funder.html"
    pages = {"<id:pk>/retours/": "returns", "<id:pk>/retours.csv": "returns_file"}

    def own(self, rows, agent):
        return rows if agent.has_perm("cesu.add_funder") else rows.of_agent(agent)

    def get_readonly_fields(self, request, obj=None):
        """Who works for a funder is said by the issuer's staff."""
        mine = [] if request.user.has_perm("cesu.add_funder") else ["team", "is_active"]
        return [*super().get_readonly_fields(request, obj), *mine]

    def get_fieldsets(self, request, obj=None):
        if request.user.has_perm("cesu.add_funder"):
            return super().get_fieldsets(request, obj)
        return [*super().get_fieldsets(request, obj)[:-1], ("Équipe", {"fields": ["team", "is_active"]})]

    @admin.display(description="agents du financeur")
    def team(self, funder):
        return ", ".join(str(agent) for agent in funder.staff.order_by("last_name", "pk"))

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        agents = User.objects.filter(is_staff=True, is_active=True, groups__name=FUNDER_STAFF)
        return super().formfield_for_manytomany(db_field, request, queryset=agents, **kwargs)

    def add_view(self, request, form_url="", extra_context=None):
        """A new funder, with its account in the ledger."""
        self.require(request, "add_funder")
        return self.decide(
            request,
            "Créer : financeur d’aide",
            NewFunderForm(request.POST or None),
            create_funder,
            purpose=OPENING,
            done="Le financeur est créé. Notez maintenant ses règles, son compte bancaire et son équipe.",
            back=self.address("changelist"),
            summary=["Son adresse, dans « adresse de l’espace », ne change plus ensuite."],
            button="Créer le financeur",
        )

    # --- What came back -------------------------------------------------------------------------------------------------
    def returns(self, request, pk):
        """« Droits revenus »: the rights that expired in a month, person by person."""
        funder, month = self._asked(request, pk)
        moves = returns_of(funder, month)
        total = moves.order_by().aggregate(
            minutes=Sum("minutes", default=0), cents=Sum("cents", default=0), rows=Count("pk")
        )
        lines = Paginator(moves, PAGE).get_page(request.GET.get("page"))
        context = {
            "month": month,
            "months": last_months(timezone.localdate(), MONTHS),
            "total": total,
            "hours": hours(total["minutes"]),
        }
        context |= {"lines": lines, "rows": [_line(move) for move in lines], "back": self.address("change", pk)}
        return self.page(request, "cesu/aid_returns", f"Droits revenus : {funder}", funder=funder, **context)

    def returns_file(self, request, pk):
        """The same as a spreadsheet."""
        funder, month = self._asked(request, pk)
        head = ["Code CESU", "Nom", "Prénom", "Compte", "Mois du droit", "Heures", "Montant", "Revenu le"]
        rows = (
            [*_line(move)[:-2], amount(move.cents), _line(move)[-1]]
            for move in returns_of(funder, month).iterator(2000)
        )
        return csv_response(f"droits-revenus-{funder.slug}-{month:%Y-%m}.csv", [head, *rows])

    def _asked(self, request, pk) -> tuple[Funder, date]:
        self.require(request, "view_funder")
        asked, months = request.GET.get("mois", ""), last_months(timezone.localdate(), MONTHS)
        return self.row(request, pk), next((month for month in months if f"{month:%Y-%m}" == asked), months[0])


def _line(move) -> list[str]:
    right = move.source.monthly_right
    holder, account = right.aid_account.holder, right.aid_account.get_kind_display()
    names = [holder.code, holder.last_name, holder.first_name, account, month_title(right.month)]
    return [*names, hours(move.minutes), euros(move.cents), date_short(move.operation.at)]


@admin.register(AidRule)
class AidRuleAdmin(CommunesAdmin):
    """A rule that has served stays as it was: another is written from a month on."""

    actions = None
    form = RuleForm
    list_display = ["label", "funder", "kind", "begins", "rate", "validity"]
    list_select_related = ["funder"]
    list_filter = ["kind"]

    def own(self, rows, agent):
        return rows.filter(funder__staff=agent)

    @admin.display(description="à partir de", ordering="since")
    def begins(self, rule):
        return month_title(rule.since)

    @admin.display(description="montant horaire", ordering="hourly_rate")
    def rate(self, rule):
        return f"{rule.hourly_rate}\u00a0€".replace(".", ",")

    @admin.display(description="validité", ordering="validity_months")
    def validity(self, rule):
        return f"{rule.validity_months} mois"

    def has_change_permission(self, request, obj=None):
        served = obj is not None and has_served(obj.funder, obj.kind, obj.since)
        return not served and super().has_change_permission(request, obj)
