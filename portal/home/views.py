"""The pages of the portal itself: home, account, the authority's colours, legal pages, health, the demo's inbox."""

import sys
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.views import defaults
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.hooks import space_of
from accounts.standing import standing_of
from cesu.models import Employer
from common.models import authority
from common.values.dates import date_long
from common.values.money import euros
from families.models import Guardian
from portal.home.reads import booking_dates, first_names, news_for
from portal.home.todo import to_do
from portal.models import Menu
from portal.talk.reads import next_menus
from reservations.reads.family import facts_of
from reservations.reads.upcoming import by_day, upcoming, waited_for
from reservations.views.week_data import week_page

SHOWN, SOON = 5, 30  # bookings to come: on the page, read


@require_safe
@login_not_required
def home(request):
    """The public home: what the portal is for, the way in, the news, when bookings open."""
    context = {
        "news": news_for(request.user),
        "dates": booking_dates(request.user),
        "has_menus": Menu.objects.exists(),
        "has_employers": Employer.objects.exists(),
    }
    if _has_family_space(request.user):
        context |= _left_to_do(request.user)
    return render(request, "portal/home.html", context)


@require_safe
def account(request):
    """« Mon compte »: the person's page, in blocks."""
    if request.user.is_staff:
        return redirect("admin:index")
    try:
        facts = facts_of(request.user)
    except Guardian.DoesNotExist:
        return redirect("families:members")
    soon = upcoming(request.user)[:SOON]
    bookings, menus = soon[:SHOWN], next_menus(request.user, timezone.localdate())
    first = next_of_each(menus)
    later = [each for each in menus if each not in first]
    days = [(day, rows, [each for each in later if each.date == day]) for day, rows in by_day(bookings)]
    context = {
        "days": days,
        "may_be_sick": who_may_be_sick(soon, timezone.localdate()),
        "balance": euros(facts.balance),
        "names": ", ".join(first_names(request.user)) or "Ajoutez les membres de votre famille",
        "next_booking": next_booking(bookings),
        "things": to_do(request.user, facts, [entry for entry in waited_for(request.user) if entry.is_offered]),
        "week": week_page(request.user),
        "news": news_for(request.user),
        "dates": booking_dates(request.user),
        "menus": first,
    } | _left_to_do(request.user)
    return render(request, "portal/account.html", context)


def _left_to_do(user) -> dict:
    """Where a person's account stands while they cannot book yet, in the words of everywhere else."""
    found = standing_of(user)
    return {"standing": found} if found.title else {}


def _has_family_space(user) -> bool:
    """Whether a person of the public is here as one of a family: not for the space of an employer or a beneficiary."""
    return user.is_authenticated and not user.is_staff and not any(space_of(user=user))


def next_booking(bookings) -> str:
    """« Prochain jour : lundi 9 novembre, Louane »."""
    if not bookings:
        return "Aucune réservation à venir"
    first = bookings[0]
    names = ", ".join(each.first_name for each in bookings if each.date == first.date)
    return f"Prochain jour : {date_long(first.date, timezone.localdate())}, {names}"


def next_of_each(menus: list[Menu]) -> list[Menu]:
    """The next menu of each kitchen, which has a block of its own; the others stand under their days."""
    return list({each.kitchen_id: each for each in reversed(menus)}.values())[::-1]


def who_may_be_sick(bookings, today: date) -> dict[int, str]:
    """Whose days of the next week can still be cancelled: first names by pk."""
    soon = today + timedelta(days=7)
    return {each.member_id: each.first_name for each in bookings if each.changeable and each.date < soon}


@require_safe
@login_not_required
@cache_control(public=True, max_age=300)
def authority_css(request):
    """The authority's colours as a stylesheet."""
    it = authority()
    css = f":root{{--pv-brand:{it.colour_primary};--pv-brand-accent:{it.colour_accent}}}\n"
    return HttpResponse(css, content_type="text/css; charset=utf-8")


STATEMENT = timedelta(days=180)  # how long what security.txt says is good for; RFC 9116 advises less than a year


@require_safe
@login_not_required
@cache_control(public=True, max_age=86400)
def security_txt(request):
    """Whom to tell of a weakness of the portal (RFC 9116), as « Collectivité » says."""
    it, here = authority(), settings.PUBLIC_URL
    address = it.security_contact or it.email
    expires = datetime.combine(timezone.now() + STATEMENT, time.min, UTC)
    lines = [
        f"Contact: mailto:{address}" if address else f"Contact: {here}{reverse('contact')}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr, en",
        f"Canonical: {here}{reverse('security_txt')}",
    ]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


BACK_SOON = "10"  # seconds: PostgreSQL is restarted in less
LEGAL_PAGES = {
    "mentions-legales": ("Mentions légales", "portal/legal.html"),
    "donnees-personnelles": ("Conditions générales et politique de confidentialité", "portal/terms.html"),
    "cookies": ("Paramétrage des cookies", "portal/cookies.html"),
    "accessibilite": ("Accessibilité", "portal/accessibility.html"),
}


@require_safe
@login_not_required
def legal(request, slug):
    """The pages every public service owes."""
    if slug not in LEGAL_PAGES:
        raise Http404
    title, template = LEGAL_PAGES[slug]
    cookies = [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.KNOWN_COOKIE_NAME]
    return render(request, template, {"title": title, "cookies": cookies})


def server_error(request):
    """What went wrong: our own fault, or a database that is not there for the moment, which passes (503)."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        page = get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": BACK_SOON, "Cache-Control": "no-store"})
    return defaults.server_error(request)


@require_safe
@login_not_required
def health(request):
    """For the load balancer: the portal answers and so does its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
