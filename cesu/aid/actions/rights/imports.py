"""A funder's file of monthly rights: kept as it was read, shown line by line, then applied.

Each line names a person (by CESU code, else by name and birth date), an account and a month, and says what this month is to
have in all: the same file again changes nothing. Lines at fault are left out and told; the others are applied. Locks: the
import, the funder (one import at a time), then as ``set_few``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone

from accounts.models import User
from cesu.aid.actions.rights.grants import Grant, set_few
from cesu.aid.actions.rights.plans import rules_on, said_of, worth
from cesu.models import AidAccount, CesuHolder, Funder, MonthlyRight, RightsImport, new_code
from cesu.rules.aid import cents_of, hours, last_day, month_of
from common.values.dates import date_short, month_title
from common.values.money import euros
from common.values.words import name_key
from common.writing.once import claim_key
from common.writing.transactions import outermost

CHUNK = 2000  # lines a transaction
NEW, CREDITED, CORRECTED, UNCHANGED, REFUSED = WORDS = ("new", "credited", "corrected", "unchanged", "refused")


class Line(NamedTuple):
    """A line as it is kept: dates as text, ``cents`` None when the rate of the account says."""

    number: int
    code: str
    last_name: str
    first_name: str
    birth_date: str
    kind: str
    month: str
    minutes: int
    cents: int | None
    email: str
    phone: str

    @property
    def person(self) -> tuple[str, str, str]:
        return name_key(self.last_name), name_key(self.first_name), self.birth_date


@dataclass
class Verdict:
    """What a line does: one of WORDS, a sentence, and the grant that does it."""

    word: str
    sentence: str
    holder: int | None = None
    account: int | None = None
    minutes: int = 0
    cents: int = 0
    expires_on: date | None = None


# --- Kept -----------------------------------------------------------------------------------------------------------------
def keep_sheet(
    *, agent: User, funder: Funder, file_name: str, lines: list[Line], faults: dict[int, list[str]]
) -> RightsImport:
    """Keep what was read, with what each line would do; nothing is given yet."""
    rows = []
    for chunk in _chunks([line for line in lines if line.number not in faults]):
        rows += [_row(line, verdict) for line, verdict in zip(chunk, judge(funder, chunk), strict=True)]
    rows += [_row(line, Verdict(REFUSED, " ".join(faults[line.number]))) for line in lines if line.number in faults]
    report = {"lines": sorted(rows), "counts": _counted(rows), "done": 0, "applied_at": None}
    return RightsImport.objects.create(funder=funder, by=agent, file_name=file_name[:120], report=report)


def _row(line: Line, verdict: Verdict) -> list:
    """A line of the report: its number, what it said, what it does, why, and for whom once applied."""
    return [line.number, list(line), verdict.word, verdict.sentence, verdict.holder]


def _counted(rows: list[list]) -> dict[str, int]:
    found = Counter(row[2] for row in rows)
    return {word: found[word] for word in WORDS}


def _chunks(lines: Sequence) -> Iterator[Sequence]:
    return (lines[first : first + CHUNK] for first in range(0, len(lines), CHUNK))


# --- Judged ---------------------------------------------------------------------------------------------------------------
def judge(funder: Funder, lines: Sequence[Line]) -> list[Verdict]:
    """What each line does as things stand, in a handful of queries."""
    known = _Known(funder, lines)
    return [known.verdict(line) for line in lines]


class _Known:
    """What the portal knows of the people of some lines."""

    def __init__(self, funder: Funder, lines: Sequence[Line]):
        self.funder, self.today = funder, timezone.localdate()
        self.rules = {month: rules_on(funder, date.fromisoformat(month)) for month in {line.month for line in lines}}
        self.by_code = {
            holder.code: holder
            for holder in CesuHolder.objects.filter(code__in={line.code for line in lines if line.code})
        }
        self.by_name = self._by_name({line.birth_date for line in lines if not line.code})
        pks = {each.pk for each in self.by_code.values()} | {
            each.pk for found in self.by_name.values() for each in found
        }
        accounts = list(AidAccount.objects.filter(holder__in=pks, funder__isnull=False))
        self.accounts = {(account.holder_id, account.kind): account for account in accounts}
        self.said = said_of(accounts)
        self.given = self._given(accounts, {line.month for line in lines})

    def _by_name(self, births: set[str]) -> dict[tuple, list[CesuHolder]]:
        """The funder's own people, by name and birth date."""
        found = defaultdict(list)
        mine = AidAccount.objects.filter(funder=self.funder).values("holder")
        for holder in CesuHolder.objects.filter(birth_date__in=births, pk__in=mine) if births else ():
            found[name_key(holder.last_name), name_key(holder.first_name), holder.birth_date.isoformat()].append(holder)
        return found

    def _given(self, accounts: list[AidAccount], months: set[str]) -> dict[tuple[int, str], tuple[int, int]]:
        rights = MonthlyRight.objects.filter(aid_account__in=accounts, month__in=months, granted_minutes__isnull=False)
        rows = rights.values_list("aid_account", "month", "granted_minutes", "granted_cents", "revision")
        return {(pk, month.isoformat()): (minutes, cents, revision) for pk, month, minutes, cents, revision in rows}

    def verdict(self, line: Line) -> Verdict:
        fault, holder = self._holder(line)
        account = self.accounts.get((holder.pk, line.kind)) if holder else None
        fault = fault or self._fault(line, account)
        if fault:
            return Verdict(REFUSED, fault)
        rule = self.rules[line.month][line.kind]
        cents = cents_of(line.minutes, rule.hourly_rate) if line.cents is None else line.cents
        if (line.minutes == 0) != (cents == 0) or cents < line.minutes:
            return Verdict(REFUSED, "Des heures ont un montant, d’un centime la minute au moins.")
        word, sentence = self._change(line, holder, account, cents)
        expires_on = last_day(date.fromisoformat(line.month), rule.validity_months)
        pks = holder and holder.pk, account and account.pk
        return Verdict(word, sentence, *pks, line.minutes, cents, expires_on)

    def _holder(self, line: Line) -> tuple[str, CesuHolder | None]:
        """(what is wrong, who it is); nobody yet for somebody new."""
        if line.code:
            holder = self.by_code.get(line.code)
            if holder is None:
                return "Ce code CESU n’existe pas. Laissez-le vide pour une personne nouvelle.", None
            if (name_key(holder.last_name), name_key(holder.first_name), str(holder.birth_date)) != line.person:
                return "Ce code CESU n’est pas celui d’une personne de ce nom, née ce jour-là.", None
            return "", holder
        found = self.by_name.get(line.person, [])
        if len(found) > 1:
            return "Plusieurs personnes ont ce nom et cette date de naissance : donnez le code CESU.", None
        return "", found[0] if found else None

    def _fault(self, line: Line, account: AidAccount | None) -> str:
        month, rule = date.fromisoformat(line.month), self.rules[line.month].get(line.kind)
        label = dict(AidAccount.OF_FUNDERS)[line.kind]
        if rule is None:
            return f"Aucune règle du compte {label} n’est en vigueur ce mois-là."
        if month > month_of(self.today):
            return "Ce mois n’a pas commencé : importez-le à partir de son premier jour."
        if last_day(month, rule.validity_months) < self.today:
            return "Ce droit serait déjà expiré."
        if account is None:
            return ""
        if account.funder_id != self.funder.pk:
            return f"Un autre financeur donne déjà l’aide {label} à cette personne."
        if account.ended_on and account.ended_on < month:
            return f"Les droits de cette personne ont pris fin le {date_short(account.ended_on)}."
        if worth(self.said[account.pk].planned, month, Decimal(1))[0]:
            return "Les droits de ce mois viennent de son plan d’aide : changez le plan, ou corrigez le droit, sur sa page."
        return ""

    def _change(self, line: Line, holder, account, cents: int) -> tuple[str, str]:
        told = f"{hours(line.minutes)}, soit {euros(cents)}"
        if holder is None:
            return NEW, f"Personne nouvelle : {told}."
        minutes, before, revision = self.given.get((account.pk, line.month), (0, 0, 0)) if account else (0, 0, 0)
        if account and (minutes, before) == (line.minutes, cents):
            return UNCHANGED, f"Inchangé : {told}."
        if not revision:
            return CREDITED, f"Crédité : {told}."
        return CORRECTED, f"Corrigé : {told}, au lieu de {hours(minutes)}, soit {euros(before)}."


# --- Applied --------------------------------------------------------------------------------------------------------------
def importing(imported: RightsImport) -> str:
    """The purpose of the key that applies an import."""
    return f"aid-import:{imported.pk}"


def apply_import(*, agent: User, imported: RightsImport, key: str) -> dict[str, int]:
    """Do what the lines say, 2,000 at a time; again, it goes on where it stopped, then says the same.

    {"new", "credited", "corrected", "unchanged", "refused"}: how many lines; things may have moved since they were shown.
    """
    _claim(agent, imported, key)
    while not _apply_chunk(agent, imported):
        continue
    return RightsImport.objects.get(pk=imported.pk).report["counts"]


@outermost
def _claim(agent: User, imported: RightsImport, key: str) -> None:
    claim_key(key, agent.owner, importing(imported)).remember({"import": imported.pk})


@outermost
def _apply_chunk(agent: User, imported: RightsImport) -> bool:
    """Apply the next lines; whether all are done."""
    kept = RightsImport.objects.select_for_update(of=("self",), no_key=True).get(pk=imported.pk)
    report, first = kept.report, kept.report["done"]
    if report["applied_at"]:
        return True
    funder = Funder.objects.select_for_update(of=("self",), no_key=True).get(pk=kept.funder_id)
    rows = [row for row in report["lines"][first : first + CHUNK] if row[2] != REFUSED]
    _apply(agent, funder, rows)
    report |= {"done": first + CHUNK, "counts": _counted(report["lines"])}
    if report["done"] >= len(report["lines"]):
        report["applied_at"] = timezone.now().isoformat()
    kept.save(update_fields=["report"])
    return bool(report["applied_at"])


def _apply(agent: User, funder: Funder, rows: list[list]) -> None:
    """Give what lines say, under the lock of the accounts; each row then says what was done."""
    lines = [Line(*row[1]) for row in rows]
    verdicts = judge(funder, lines)
    holders = _open_holders(lines, verdicts)
    accounts = _open_accounts(funder, lines, verdicts)
    list(AidAccount.objects.locked().filter(pk__in=accounts.values()).order_by("pk"))
    _write_contacts(lines, verdicts)
    grants = [
        Grant(
            accounts[verdict.holder, line.kind],
            date.fromisoformat(line.month),
            verdict.minutes,
            verdict.cents,
            verdict.expires_on,
        )
        for line, verdict in zip(lines, verdicts, strict=True)
        if verdict.word != REFUSED and not (verdict.word == NEW and not verdict.minutes)
    ]
    set_few(funder, grants, actor=agent)
    for row, verdict in zip(rows, verdicts, strict=True):
        row[2:] = [verdict.word, verdict.sentence, verdict.holder]
        if verdict.word == NEW:
            row.append(holders[verdict.holder].code)


def _open_holders(lines: list[Line], verdicts: list[Verdict]) -> dict[int, CesuHolder]:
    """A holder for each new person, with a new code; their verdicts then name them."""
    new = [(line, verdict) for line, verdict in zip(lines, verdicts, strict=True) if verdict.word == NEW]
    people = {line.person: line for line, _ in new}
    codes = _free_codes(len(people))
    holders = [
        CesuHolder(
            code=code,
            last_name=line.last_name,
            first_name=line.first_name,
            birth_date=date.fromisoformat(line.birth_date),
        )
        for line, code in zip(people.values(), codes, strict=True)
    ]
    made = dict(zip(people, CesuHolder.objects.bulk_create(holders), strict=True))
    for line, verdict in new:
        verdict.holder = made[line.person].pk
    return {holder.pk: holder for holder in made.values()}


def _free_codes(count: int) -> list[str]:
    """So many CESU codes that nobody has."""
    found = set()
    while len(found) < count:
        drawn = {new_code() for _ in range(count - len(found))}
        found |= drawn - set(CesuHolder.objects.filter(code__in=drawn).values_list("code", flat=True))
    return list(found)


def _open_accounts(funder: Funder, lines: list[Line], verdicts: list[Verdict]) -> dict[tuple[int, str], int]:
    """The account of each line that is not refused, opened where it lacks."""
    wanted = {(each.holder, line.kind) for line, each in zip(lines, verdicts, strict=True) if each.word != REFUSED}
    AidAccount.objects.bulk_create(
        [AidAccount(holder_id=holder, kind=kind, funder=funder) for holder, kind in sorted(wanted)],
        ignore_conflicts=True,
    )
    mine = AidAccount.objects.filter(funder=funder, holder__in={holder for holder, _ in wanted})
    return {(holder, kind): pk for pk, holder, kind in mine.values_list("pk", "holder", "kind")}


def _write_contacts(lines: list[Line], verdicts: list[Verdict]) -> None:
    """What the file knows of how to reach people; an empty cell changes nothing."""
    told = defaultdict(dict)
    for line, each in zip(lines, verdicts, strict=True):
        if each.word != REFUSED:
            said = {"contact_email": line.email, "contact_phone": line.phone}
            told[each.holder] |= {name: value for name, value in said.items() if value}
    changed = []
    for holder in CesuHolder.objects.filter(pk__in=[pk for pk, said in told.items() if said]):
        said = told[holder.pk]
        if any(getattr(holder, name) != value for name, value in said.items()):
            for name, value in said.items():
                setattr(holder, name, value)
            changed.append(holder)
    CesuHolder.objects.bulk_update(changed, ["contact_email", "contact_phone"], batch_size=500)


def codes_of(imported: RightsImport) -> list[list[str]]:
    """The people whom an import created, with their new code, each once: for the letters."""
    found = {row[4]: (row[5], Line(*row[1])) for row in imported.report["lines"] if len(row) > 5}
    return [
        [
            code,
            line.last_name,
            line.first_name,
            date_short(date.fromisoformat(line.birth_date)),
            month_title(date.fromisoformat(line.month)),
        ]
        for code, line in found.values()
    ]


def forget_sheets(before: datetime) -> int:
    """Delete what files read before an instant say of people; the counts of those that were applied stay. Return how many."""
    old = RightsImport.objects.filter(at__lt=before)
    deleted = old.filter(report__applied_at=None).delete()[0]
    emptied = 0
    for imported in old.exclude(report__lines=[]).iterator(chunk_size=1):
        imported.report["lines"], emptied = [], emptied + 1
        imported.save(update_fields=["report"])
    return deleted + emptied
