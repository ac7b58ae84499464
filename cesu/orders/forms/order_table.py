"""« tableau de commande »: what its page shows, as it stands or as it was just typed."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.utils import timezone

from cesu.models import Transport, VoucherLine, VoucherOrder
from cesu.models.people import Category, Form
from cesu.orders.forms.orders import COLUMNS, Delivery, Row, errors_of, read_delivery, read_row, row_of
from cesu.orders.reads.delivery import Month, months_of, transports
from cesu.orders.reads.drafts import Excess, Totals, bounds, excesses, lines_of, page_of, totals_of
from common.addresses import read_id
from common.values.dates import weekday_titles

TIPS = (
    (
        "Bénéficiaire",
        "Tous vos bénéficiaires, dans l’ordre alphabétique. « + » ajoute une ligne pour la même personne.",
    ),
    ("Catégorie d’utilisation", "Les services que le titre peut payer."),
    ("Type de CESU", "Papier ou e-CESU\u00a0: c’est le choix du salarié, noté dans sa fiche."),
    ("Nombre de carnet(s)", "Vide ou 0\u00a0: rien n’est commandé sur cette ligne."),
    ("Nombre de titres par carnet", "Combien de titres chaque carnet contient."),
    ("Valeur faciale", "Ce que vaut un titre, en euros. La valeur habituelle est reprise."),
    ("Part patronale (%)", "Ce que l’employeur prend à sa charge\u00a0; le reste est la part du salarié."),
    ("Montant", "Carnets × titres par carnet × valeur faciale."),
)


@dataclass
class OrderTable:
    """The page of a draft: ``number`` and ``words`` say which lines, ``data`` what was typed."""

    draft: VoucherOrder
    number: str = "1"
    words: str = ""
    data: dict | None = None
    errors: list[dict] = field(default_factory=list)

    tips = TIPS
    columns = COLUMNS
    categories = Category.choices
    forms = Form.choices
    weekdays = weekday_titles(5)

    @cached_property
    def today(self) -> date:
        return timezone.localdate()

    @cached_property
    def typed(self) -> dict[int, Row]:
        """The lines of the draft that were sent, by pk; lines of others are passed over."""
        sent = {name.partition("-")[2] for name in self.data or () if name.startswith("carnets-")}
        pks = [pk for text in sent if (pk := read_id(text)) is not None]
        lines = lines_of(self.draft).filter(pk__in=pks[:500]).alphabetical()
        limits = bounds()
        return {line.pk: read_row(line, self.data, limits) for line in lines}

    @cached_property
    def page(self):
        return page_of(lines_of(self.draft), self.number, self.words)

    @property
    def numbers(self) -> list:
        return list(self.page.paginator.get_elided_page_range(self.page.number, on_each_side=1, on_ends=1))

    @cached_property
    def rows(self) -> list[Row]:
        """The lines shown, with what was typed and was wrong."""
        wrong = {pk: row for pk, row in self.typed.items() if row.faults} if self.data else {}
        return [self._row(line, wrong.get(line.pk)) for line in self.page.object_list]

    def _row(self, line: VoucherLine, wrong: Row | None) -> Row:
        return Row(line, wrong.texts, wrong.values, wrong.faults) if wrong else row_of(line)

    @cached_property
    def totals(self) -> Totals:
        return totals_of(self.draft)

    @cached_property
    def excesses(self) -> list[Excess]:
        return excesses(self.draft, self.today)

    @cached_property
    def transports(self) -> list[Transport]:
        return transports()

    @cached_property
    def months(self) -> list[Month]:
        return months_of(self.transports, self.today)

    @cached_property
    def delivery(self) -> Delivery:
        """As chosen just now, else as kept."""
        if self.data is not None:
            return read_delivery(self.data, self.transports, self.today)
        return Delivery(self.draft.transport, self.draft.delivery_on)

    def to_write(self) -> dict[int, dict]:
        """The lines that changed and are right."""
        return {pk: row.values for pk, row in self.typed.items() if row.changed and not row.faults}

    def check(self, but: int | None = None) -> bool:
        """Whether all that was typed is right, a line that goes away aside; else ``errors`` tells."""
        rows = [row for pk, row in self.typed.items() if pk != but]
        self.errors = errors_of(rows) + self.delivery.errors()
        return not self.errors

    def check_complete(self) -> bool:
        """Whether one may go on: something is ordered, and paper titles know how and when they travel."""
        if self.totals.paper_lines:
            self.delivery.require()
        if self.check() and not self.totals.cents:
            self.errors = [{"text": "Commandez au moins un carnet.", "label": "", "target": ""}]
        return not self.errors
