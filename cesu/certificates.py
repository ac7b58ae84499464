"""« Attestation annuelle » (code du travail, D1271-29; CGI, 199 sexdecies): what an employer gave one person in a year."""

from dataclasses import dataclass
from datetime import date

from cesu.models import Beneficiary, Employer, VoucherLine, VoucherOrder


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


def years_of(employer: Employer) -> list[int]:
    """The civil years in which titles were made for an employer's people, the latest first."""
    years = VoucherLine.objects.filter(order__employer=employer, made_at__isnull=False).dates("made_at", "year")
    return [each.year for each in years.order_by("-datefield")]
