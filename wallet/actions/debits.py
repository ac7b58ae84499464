"""Monthly direct debits: announced to families, given to the bank in one file, credited on their day, sent back.

Locks: key → run → debits by pk → mandates by pk → accounts by pk (docs/locks.md). The night works in chunks, each a
transaction of its own: a night that crashed goes on where it stopped, and two nights at once do everything once.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from common.models import authority
from common.refusals import Refusal
from common.values.dates import day_and_month
from common.writing.once import claim_key
from common.writing.transactions import outermost
from families.actions.mandates import end_mandates
from families.models import SepaMandate
from wallet.actions.ledger import Draft, Move, lock_accounts, mirror, post_all
from wallet.actions.wallets import system_account
from wallet.emails import sepa as emails_sepa
from wallet.gateways.sepa_files import creditor_of, debit_file, is_creditor
from wallet.models import AccountKind, DirectDebit, DirectDebitRun, Operation, Purse, Transfer, Wallet
from wallet.rules.sepa import REASONS, dormant_since, due_collection, earliest_collection, reason_of

CHUNK = 500
Status = DirectDebit.Status
DORMANT = "Sans prélèvement depuis 36 mois"


class NothingToCollect(Refusal):
    """A file without a payment is none."""

    sentence = "Il n’y a plus aucun prélèvement à mettre dans ce fichier."


class AlreadyRejected(Refusal):
    """A debit is sent back once."""

    sentence = "Ce prélèvement est déjà rejeté."


class UnknownCode(Refusal):
    """The agent chose none of the codes."""

    sentence = "Choisissez le motif du rejet dans la liste."


def in_chunks(rows: QuerySet, work: Callable[[list[int]], int]) -> int:
    """Give ``work`` the pks of the rows, a chunk at a time in their order; return the sum of its answers."""
    done = last = 0
    while pks := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        done, last = done + work(pks), pks[-1]
    return done


# --- The announcement -----------------------------------------------------------------------------------------------
def announce_debits(today: date) -> dict[str, int]:
    """Announce to the families with a mandate what they owe, once a purse and month; return how many were told."""
    it = authority()
    due = due_collection(today, it.debit_day, it.debit_notice)
    if due is None or not is_creditor(it):
        return {"announced": 0}
    in_chunks(_dormant(today), _lapse)
    told = Counter(announced=0)
    for purse in Purse.objects.order_by("pk"):
        if (wallets := _owing(purse, due[0])).exists():
            run = _run(purse, *due)
            told["announced"] += in_chunks(wallets, lambda pks, run=run: _announce(run.pk, pks, today, it.debit_notice))
    return dict(told)


def _dormant(today: date) -> QuerySet:
    """The standing mandates neither signed nor used for 36 months."""
    since = dormant_since(today)
    used = DirectDebit.objects.filter(mandate=OuterRef("pk"), run__collected_on__gt=since)
    return SepaMandate.objects.standing().filter(~Exists(used), signed_on__lte=since)


@outermost
def _lapse(pks: list[int]) -> int:
    ended = end_mandates(pks, DORMANT)
    emails_sepa.mandates_lapsed(ended)
    return len(ended)


def _owing(purse: Purse, month: date) -> QuerySet:
    """The wallets below zero of families with a mandate, without a debit of that month."""
    mandates = SepaMandate.objects.collectable().filter(family=OuterRef("family"))
    debits = DirectDebit.objects.filter(wallet=OuterRef("pk"), run__month=month)
    return purse.wallets.filter(Exists(mandates), ~Exists(debits), account__balance__cents__lt=0)


def _run(purse: Purse, month: date, day: date) -> DirectDebitRun:
    row = DirectDebitRun(purse=purse, month=month, collected_on=day, message=f"PRV{purse.pk}-{month:%Y%m}")
    DirectDebitRun.objects.bulk_create([row], ignore_conflicts=True)
    return DirectDebitRun.objects.defer("file").get(purse=purse, month=month)


@outermost
def _announce(run_pk: int, wallet_pks: list[int], today: date, notice: int) -> int:
    """One chunk: nothing once the file is made, nothing when the families would have too short a notice."""
    open_runs = DirectDebitRun.objects.filter(file=None, collected_on__gte=today + timedelta(notice))
    run = open_runs.select_for_update(no_key=True).filter(pk=run_pk).first()
    if run is None:
        return 0
    debits = _debits(run, _owing(run.purse, run.month).filter(pk__in=wallet_pks))
    DirectDebit.objects.bulk_create(debits)
    emails_sepa.debits_announced(debits, today)
    return len(debits)


def _debits(run: DirectDebitRun, wallets: QuerySet[Wallet]) -> list[DirectDebit]:
    """What each wallet owes beside what is announced already, read under the locks of mandates and accounts."""
    wallets = list(wallets.select_related("family", "purse").order_by("pk"))
    standing = SepaMandate.objects.collectable().filter(family__in=[each.family_id for each in wallets])
    mandates = {each.family_id: each for each in standing.order_by("pk").select_for_update(no_key=True)}
    accounts = lock_accounts([each.account_id for each in wallets])
    pending, used = _pending(wallets), _used(mandates.values())
    return [
        DirectDebit(
            run=run,
            wallet=wallet,
            mandate=mandate,
            sequence=DirectDebit.Sequence.RECURRENT if mandate.pk in used else DirectDebit.Sequence.FIRST,
            cents=owed,
            end_to_end=f"{run.message}-{wallet.family.reference}",
        )
        for wallet in wallets
        if (mandate := mandates.get(wallet.family_id))
        and (owed := -accounts[wallet.account_id].cents - pending.get(wallet.pk, 0)) > 0
    ]


def _pending(wallets: Iterable[Wallet]) -> dict[int, int]:
    """The cents announced and not credited yet, by wallet."""
    rows = DirectDebit.objects.pending().filter(wallet__in=wallets).order_by()
    return dict(rows.values_list("wallet").annotate(Sum("cents")))


def _used(mandates: Iterable[SepaMandate]) -> set[int]:
    """The mandates of which a debit stands or was once collected: the next one is recurrent."""
    served = ~Q(status=Status.REJECTED) | Q(operation__isnull=False)
    return set(DirectDebit.objects.filter(served, mandate__in=mandates).values_list("mandate", flat=True))


# --- The file -------------------------------------------------------------------------------------------------------
@outermost
def make_debit_file(*, agent: User, run: DirectDebitRun, key: str) -> DirectDebitRun:
    """Freeze a month's file of what is still pending; from then on it is the same for ever.

    Too late for the announced day, the collection is moved and the families told. ``key`` was made for (agent.owner,
    ``debit-file:<run pk>``). Raise NothingToCollect, CreditorMissing, SepaFileInvalid.
    """
    once = claim_key(key, agent.owner, f"debit-file:{run.pk}")
    run = DirectDebitRun.objects.select_related("purse").select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    if run.file is None:
        debits = list(run.debits.pending().select_related("mandate", "wallet__family", "wallet__purse").order_by("pk"))
        if not debits:
            raise NothingToCollect
        _move_if_late(run, debits, timezone.localdate())
        run.file = debit_file(creditor_of(authority()), run, debits)
        run.save(update_fields=["file", "collected_on"])
    once.remember({"run": run.pk})
    return run


def _move_if_late(run: DirectDebitRun, debits: list[DirectDebit], today: date) -> None:
    earliest = earliest_collection(today)
    if run.collected_on < earliest:
        run.collected_on = earliest
        for debit in debits:
            debit.run = run
        emails_sepa.debits_announced(debits, today, moved=True)


# --- The collection -------------------------------------------------------------------------------------------------
def settle_debits(today: date) -> dict[str, int]:
    """Credit the debits whose day has come and that were given to the bank, each once; return how many."""
    given = DirectDebitRun.objects.filter(collected_on__lte=today, file__isnull=False)
    return {"settled": in_chunks(DirectDebit.objects.pending().filter(run__in=given), _settle)}


@outermost
def _settle(pks: list[int]) -> int:
    due = DirectDebit.objects.pending().filter(pk__in=pks).select_related("wallet", "mandate", "run")
    due = due.defer("run__file")
    debits = list(due.order_by("pk").select_for_update(of=("self",), no_key=True))
    if not debits:
        return 0
    source = system_account(AccountKind.DIRECT_DEBIT).pk
    for debit, operation in zip(debits, post_all([_credit(each, source) for each in debits]), strict=True):
        debit.status, debit.operation = Status.SETTLED, operation
    DirectDebit.objects.bulk_update(debits, ["status", "operation"])
    return len(debits)


def _credit(debit: DirectDebit, source: int) -> Draft:
    mandate = f"Mandat {debit.mandate.rum}, compte {debit.mandate.masked_iban}"
    move = Move(source, debit.wallet.account_id, debit.cents, f"debit:{debit.end_to_end}", mandate)
    label = f"{Operation.Kind.DIRECT_DEBIT.label} du {_day(debit)}"
    return Draft(Operation.Kind.DIRECT_DEBIT, [move], None, label, timezone.now())


def _day(debit: DirectDebit) -> str:
    return f"{day_and_month(debit.run.collected_on)} {debit.run.collected_on.year}"


# --- The rejects ----------------------------------------------------------------------------------------------------
@outermost
def reject_debit(*, agent: User, debit: DirectDebit, code: str, key: str) -> DirectDebit:
    """Send a debit back by hand, with one of the codes of ``REASONS``; a second click changes nothing more.

    ``key`` was made for (agent.owner, ``reject-debit:<debit pk>``). Raise AlreadyRejected, UnknownCode.
    """
    once = claim_key(key, agent.owner, f"reject-debit:{debit.pk}")
    if once.answer is None:
        if code not in REASONS:
            raise UnknownCode
        if not reject_debits(agent, {debit.end_to_end: code}):
            raise AlreadyRejected
        once.remember({"debit": debit.pk})
    return DirectDebit.objects.get(pk=debit.pk)


def reject_debits(agent: User, codes: dict[str, str]) -> list[DirectDebit]:
    """Send debits back, by reference, inside the caller's transaction; those that are back already are left alone.

    What was credited is taken again, whatever the balance; some codes end the mandate; the families are told.
    """
    wanted = DirectDebit.objects.exclude(status=Status.REJECTED).filter(end_to_end__in=codes)
    debits = _locked(wanted)
    ended = _end_mandates(debits, codes)
    _take_back(agent, [each for each in debits if each.status == Status.SETTLED])
    now = timezone.now()
    for debit in debits:
        debit.status, debit.reject_code, debit.rejected_at = Status.REJECTED, codes[debit.end_to_end], now
    DirectDebit.objects.bulk_update(debits, ["status", "reject_code", "rejected_at", "rejection"], batch_size=CHUNK)
    emails_sepa.debits_rejected(debits, ended, timezone.localdate(now))
    return debits


def _locked(wanted: QuerySet[DirectDebit]) -> list[DirectDebit]:
    """The debits, locked after their runs: a file that is being made waits, or is waited for."""
    runs = DirectDebitRun.objects.filter(pk__in=wanted.values("run")).order_by("pk")
    list(runs.select_for_update(no_key=True).values_list("pk"))
    rows = wanted.select_related("run", "mandate", "wallet__family", "wallet__purse").defer("run__file")
    return list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))


def _end_mandates(debits: list[DirectDebit], codes: dict[str, str]) -> set[int]:
    """End the mandates that these codes make useless; return their pks."""
    notes = {}
    for debit in debits:
        code = codes[debit.end_to_end]
        if reason_of(code).ends_mandate:
            notes.setdefault(f"Prélèvement rejeté par la banque ({code})", []).append(debit.mandate_id)
    return {each.pk for note in sorted(notes) for each in end_mandates(notes[note], note)}


def _take_back(agent: User, debits: list[DirectDebit]) -> None:
    if not debits:
        return
    kind, now = Operation.Kind.DEBIT_REJECT, timezone.now()
    credits = {each.operation_id: each for each in Transfer.objects.filter(operation__direct_debit__in=debits)}
    drafts = [
        Draft(kind, [mirror(credits[each.operation_id])], agent, f"{kind.label} ({_day(each)})", now) for each in debits
    ]
    for debit, operation in zip(debits, post_all(drafts), strict=True):
        debit.rejection = operation
