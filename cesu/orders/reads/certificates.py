"""« Attestation annuelle » (code du travail, D1271-29; CGI, 199 sexdecies): what an employer gave one person in a year."""

from dataclasses import dataclass
from datetime import date

from cesu.models import Beneficiary, VoucherLine, VoucherOrder


@dataclass(frozen=True)
class Certificate:
    """A beneficiary's civil year, in cents: what the titles are worth, the employer share and their own."""

    beneficiary: Beneficiary
    year: int
    lines: list[VoucherLine]
    is_over: bool

    @property
    def titles(self) -> int:
        return sum(line.count for line in self.lines)

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)

    @property
    def employer_cents(self) -> int:
        return sum(line.employer_cents for line in self.lines)

    @property
    def own_cents(self) -> int:
        return self.cents - self.employer_cents


def certificate_of(beneficiary: Beneficiary, year: int, today: date) -> Certificate | None:
    """The certificate of a year; None when nothing was made for them in it. Counts what was made, by its local date."""
    lines = list(
        VoucherLine.objects.filter(beneficiary=beneficiary, made_at__year=year)
        .exclude(order__status=VoucherOrder.Status.CANCELLED)
        .select_related("order")
        .order_by("made_at", "pk")
    )
    return Certificate(beneficiary, year, lines, today.year > year) if lines else None


def years_of(beneficiary: Beneficiary) -> list[int]:
    """The civil years in which titles were made for somebody, the latest first."""
    made = VoucherLine.objects.filter(beneficiary=beneficiary, made_at__isnull=False)
    return [each.year for each in made.datetimes("made_at", "year", order="DESC")]
