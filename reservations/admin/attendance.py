"""« Feuilles de présence »: who came, one tap a child, on a tablet or a phone, with or without a network or scripts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.refusals import Refusal
from common.values.dates import day_and_month
from common.values.money import euros
from common.writing.once import make_key
from families.actions.alerts import alerts
from families.models import Family, Member
from reservations.actions.days.attendance import Mark, add_present, adding_purpose, mark
from reservations.admin.accounting import page, read_day
from reservations.forms.bookings import read_pks
from reservations.models import Attendance, Session
from reservations.reads.days.attendance import (
    Sheet,
    guests,
    may_be_added,
    open_days_around,
    read_sheet,
    sessions_of,
    sheets_of,
)

MAX_MARKS = 5000  # of one sending
OLDEST = timedelta(days=7)  # a tap that waited longer for a network is dated then
Status = Attendance.Status


def attendance_day(request):
    """The sheets of a day, one an activity and site, with how many children are marked."""
    day = read_day(request.GET.get("jour"))
    before, after = open_days_around(request.user, day)
    context = {"day": day, "before": before, "after": after, "sheets": sheets_of(request.user, day)}
    return page(request, "attendance_day", "Feuilles de présence", **context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attendance(request, pk):
    """A sheet; a POST marks the ticked children, or shows what to know of their health, which is written down."""
    session = _session(request, pk)
    may_mark = request.user.has_perm("reservations.add_attendance")
    if "marque" in request.POST:
        if not may_mark:
            raise PermissionDenied
        return _mark_ticked(request, session)
    sheet = read_sheet(session, next(iter(read_pks([request.GET.get("ecole", "")])), None))
    if "sante" in request.POST:
        _show_health(request, sheet)
    today = timezone.localdate()
    context = {"session": session, "sheet": sheet, "may_mark": may_mark and session.date <= today}
    context |= {"may_add": may_mark and may_be_added(session, today), "is_read": "sante" in request.POST}
    return page(request, "attendance", str(session.activity), **context)


def _session(request, pk) -> Session:
    return get_object_or_404(sessions_of(request.user), pk=pk)


def _show_health(request, sheet: Sheet) -> None:
    """Short words beside each child whose sheet the agent may read; each reading is written down first."""
    if not request.user.has_perm("families.view_healthfile"):
        raise PermissionDenied
    lines = {line.member: line for line in sheet.lines}
    purpose = f"Feuille de présence du {day_and_month(sheet.session.date)}"
    for member, words in alerts(Member.objects.filter(pk__in=lines), by=request.user, purpose=purpose).items():
        lines[member].alerts = " · ".join(words)


def _mark_ticked(request, session: Session):
    """Without scripts: the children ticked, and one of three buttons."""
    status, ticked = request.POST["marque"], read_pks(request.POST.getlist("enfant"))
    back = redirect(request.get_full_path())
    if status not in Status.values or not ticked:
        messages.error(request, "Cochez au moins un enfant, puis choisissez : présents, absents ou justifiés.")
        return back
    now = timezone.now()
    try:
        done = mark(agent=request.user, session=session, marks=[Mark(pk, status, now) for pk in ticked])
    except Refusal as refusal:
        messages.error(request, " ".join(refusal.sentences))
    else:
        messages.success(request, f"{len(done)} enfant{'s' if len(done) > 1 else ''} : {Status(status).label.lower()}.")
    return back


@require_POST
def attendance_send(request, pk):
    """What the script of the sheet sends, again and again until it is answered: how each child stands now."""
    marks = _read_marks(request.POST.getlist("m"), timezone.now())
    try:
        done = mark(agent=request.user, session=_session(request, pk), marks=marks)
    except Refusal as refusal:
        return JsonResponse({"refused": " ".join(refusal.sentences)}, status=refusal.status)
    return JsonResponse({"marks": done})


def _read_marks(texts: Iterable[str], now: datetime) -> list[Mark]:
    """« 12:present:3500 »: a booking, its mark, how many milliseconds ago it was tapped; anything else is left out."""
    found = []
    for text in list(texts)[:MAX_MARKS]:
        booking, _, rest = text.partition(":")
        status, _, age = rest.partition(":")
        pks, ages = read_pks([booking]), read_pks([age])
        if pks and ages and status in Status.values:
            found.append(Mark(pks.pop(), status, now - min(timedelta(milliseconds=ages.pop()), OLDEST)))
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attendance_add(request, pk):
    """« Ajouter un enfant »: found by name, added with one tap at the price shown."""
    session = _session(request, pk)
    if request.method == "POST" and _added(request, session):
        return redirect("admin:attendance", pk)
    if not may_be_added(session, timezone.localdate()):
        raise Http404
    term = request.GET.get("q", "").strip()
    rows = guests(session, request.user, term)
    found = [(guest, _key(request, session, guest)) for guest in rows]
    context = {"session": session, "term": term, "guests": found, "back": reverse("admin:attendance", args=[pk])}
    return page(request, "attendance_add", "Ajouter un enfant présent", **context)


def _key(request, session, guest) -> str:
    purpose = adding_purpose(session, guest.family, guest.member)
    return make_key(request.user.owner, purpose, str(guest.cents))


def _added(request, session) -> bool:
    """Whether the child of this button was added; a refusal is told on top of the page."""
    asked = {name: read_pks([request.POST.get(name, "")]) for name in ("famille", "enfant")}
    family = get_object_or_404(Family, pk__in=asked["famille"])
    member = get_object_or_404(Member, pk__in=asked["enfant"])
    key = request.POST.get("once_key", "")
    try:
        done = add_present(agent=request.user, session=session, family=family, member=member, key=key)
    except Refusal as refusal:
        messages.error(request, " ".join(refusal.sentences))
        return False
    messages.success(request, f"{member} est sur la feuille, {euros(done['cents'])}. La famille est prévenue.")
    return True


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [
        path("presences/", attendance_day, name="attendance_day"),
        path("presences/<id:pk>/", attendance, name="attendance"),
        path("presences/<id:pk>/pointer/", attendance_send, name="attendance_send"),
        path("presences/<id:pk>/ajouter/", attendance_add, name="attendance_add"),
    ]
