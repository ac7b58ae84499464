"""Agents describe an activity: delays as fields, days as rules, prices in euros; saving brings its days up to date."""

from datetime import date, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reservations.models import Activity, OpeningRule, Session, Tariff
from reservations.rules import DeadlineKind, DeadlineRule
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.families import SchoolFactory
from tests.factories.reservations import ActivityFactory, book, household, instant, tariff
from tests.factories.services import AudienceFactory, ServiceFactory
from tests.forms import fields_of
from tests.reservations.agents import TERM, change, errors, rule, told, url, words

pytestmark = pytest.mark.django_db
NO_PRICE = "Sans tarif normal, personne ne peut réserver : ajoutez au moins un prix."
MONDAY, TUESDAY = date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture
def service():
    return ServiceFactory(commune=CommuneFactory(name="Saint-Marcel"), access="open")


@pytest.fixture
def activity(service):
    return ActivityFactory(service=service, slug="cantine-saint-marcel")


@pytest.fixture
def browser(visitor, service):
    """The signed-in browser of an agent of Saint-Marcel."""
    return visitor(AgentFactory(communes=[service.commune]))


def tariff_row(number: int = 0, **fields) -> dict:
    row = {"audience": "", "quotient_from": "0", "quotient_to": "", "valid_from": "2026-09-01", "valid_to": ""}
    return {f"tariffs-{number}-{name}": value for name, value in (row | fields).items()}


def new_activity(browser, service, **fields):
    """Fill in the page of a new activity and save it."""
    page = url("activity", "add")
    filled = {
        "service": service.pk,
        "name": "Cantine des petits",
        "kind": "cantine",
        "booking_opens_at": "2026-09-01T08:00",
        "tariffs-TOTAL_FORMS": "1",
    }
    return browser.post(
        page, fields_of(browser.get(page)) | filled | TERM | tariff_row(cents="3,80") | fields, follow=True
    )


def test_an_agent_creates_an_activity_with_its_days_and_prices(browser, service):
    response = new_activity(browser, service, **rule("booking", kind="days", days="2", counting="working", at="12:00"))
    activity = Activity.objects.get()
    assert told(response)[0] == "8 journées créées, 0 supprimée."
    assert (activity.slug, activity.purse.is_default) == ("cantine-des-petits-saint-marcel", True)
    assert list(activity.tariffs.values_list("cents", "audience")) == [(380, None)]
    first = activity.sessions.order_by("date").first()
    assert (first.date, first.bookable_until) == (MONDAY, instant(date(2026, 11, 26), "12:00"))


def test_two_activities_of_one_name_get_two_addresses(browser, service):
    new_activity(browser, service)
    new_activity(browser, service)
    slugs = ["cantine-des-petits-saint-marcel", "cantine-des-petits-saint-marcel-2"]
    assert sorted(Activity.objects.values_list("slug", flat=True)) == slugs


def test_an_activity_without_a_price_is_told_so(browser, service):
    response = new_activity(browser, service, **{"tariffs-TOTAL_FORMS": "0"})
    assert told(response)[1] == NO_PRICE


RULES = [
    (
        {"kind": "days", "days": "15", "counting": "clear", "at": "23:59", "from_holiday_start": "on", "fallback": ""},
        DeadlineRule(kind=DeadlineKind.DAYS, days=15, counting="clear", from_holiday_start=True),
    ),
    (
        {"kind": "week", "weekday": "4", "weeks": "1", "at": "12:00", "fallback": "working"},
        DeadlineRule(kind=DeadlineKind.WEEK, weekday=4, weeks=1, at=time(12), fallback="working"),
    ),
    (
        {"kind": "table", "weekday_0": "4", "at_0": "09:00", "weekday_3": "1", "at_3": "09:00", "fallback": "school"},
        DeadlineRule(kind=DeadlineKind.TABLE, table=((0, 4, time(9)), (3, 1, time(9))), fallback="school"),
    ),
    (
        {"kind": "month", "month_day": "20", "months": "1", "at": "12:00"},
        DeadlineRule(kind=DeadlineKind.MONTH, month_day=20, months=1, at=time(12)),
    ),
    ({"kind": "hours", "hours": "72"}, DeadlineRule(kind=DeadlineKind.HOURS, hours=72)),
    ({"kind": "start"}, DeadlineRule(kind=DeadlineKind.START)),
    ({"kind": "never"}, DeadlineRule(kind=DeadlineKind.NEVER)),
]


@pytest.mark.parametrize(("fields", "expected"), RULES)
def test_every_kind_of_delay_is_typed_kept_and_shown_again(browser, activity, fields, expected):
    assert change(browser, activity, **rule("booking", **fields)).status_code == 302
    activity.refresh_from_db()
    assert activity.booking_rule == DeadlineRule.from_json(expected.to_json()).to_json()
    change(browser, activity)
    activity.refresh_from_db()
    assert activity.booking_rule == DeadlineRule.from_json(expected.to_json()).to_json()


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({"kind": ""}, ["Sorte de délai\u00a0: Ce champ est obligatoire."]),
        ({"kind": "days", "days": ""}, ["Nombre de jours\u00a0: à remplir."]),
        ({"kind": "days", "days": "deux"}, ["Nombre de jours\u00a0: écrivez un nombre entier."]),
        ({"kind": "days", "days": "400"}, ["Le nombre de jours doit être compris entre 0 et 365."]),
        ({"kind": "days", "at": "25:00"}, ["Heure limite\u00a0: une heure s’écrit comme 09:30."]),
        ({"kind": "days", "at": ""}, ["Heure limite\u00a0: à remplir."]),
        ({"kind": "week", "weeks": "9"}, ["Le nombre de semaines doit être compris entre 1 et 8."]),
        ({"kind": "table"}, ["Le tableau des délais est vide."]),
        (
            {"kind": "table", "weekday_0": "4", "at_0": ""},
            ["Heure limite pour le lundi\u00a0: à remplir."],
        ),
        ({"kind": "month", "month_day": "32"}, ["Le jour du mois doit être compris entre 1 et 31."]),
        ({"kind": "hours", "hours": "0"}, ["Le nombre d’heures doit être compris entre 1 et 8760."]),
    ],
)
def test_a_delay_that_makes_no_sense_is_refused_in_french(browser, activity, fields, sentences):
    before = activity.booking_rule
    response = change(browser, activity, **rule("booking", **fields))
    assert errors(response) == sentences
    activity.refresh_from_db()
    assert activity.booking_rule == before


def test_a_forged_choice_of_delay_is_refused(browser, activity):
    response = change(browser, activity, **rule("booking", kind="days", counting="lunar"))
    assert errors(response) == ["Jours comptés\u00a0: Sélectionnez un choix valide. lunar n’en fait pas partie."]


def test_the_page_says_the_delays_as_families_read_them(browser, activity):
    change(browser, activity, **rule("booking", kind="week", weekday="1", weeks="1", at="23:59"))
    page = words(browser.get(url("activity", "change", activity.pk)))
    assert "Les familles lisent : « jusqu’au mardi 23 h 59 de la semaine précédente »." in page
    assert "Les familles lisent : « jusqu’à la veille à 23 h 59 »." in page


def test_the_page_shows_the_deadlines_of_the_next_five_days(browser, activity):
    change(browser, activity, **TERM | rule("booking", kind="days", days="2", counting="working", at="12:00"))
    response = browser.get(url("activity", "change", activity.pk))
    assert len(response.context["upcoming"]) == 5
    assert response.context["upcoming"][0] == {
        "day": "lundi 30 novembre",
        "book": "jusqu’au jeudi 26 novembre à 12\u00a0h",
        "cancel": "jusqu’au dimanche 29 novembre à 23\u00a0h\u00a059",
    }


def test_a_preview_shows_what_saving_would_do_and_changes_nothing(browser, activity):
    response = change(browser, activity, _preview="1", name="Autre nom", **TERM)
    assert response.context["preview"] == "8 journées créées, 0 supprimée"
    assert response.context["upcoming"][0]["day"] == "lundi 30 novembre"
    assert response.context["errors"] is None
    assert "En enregistrant : 8 journées créées, 0 supprimée." in words(response)
    assert fields_of(response)["name"] == ["Autre nom"]
    assert Session.objects.count() == OpeningRule.objects.count() == 0
    activity.refresh_from_db()
    assert activity.name == "Cantine"


def test_a_preview_of_a_new_activity_creates_nothing(browser, service):
    response = new_activity(browser, service, _preview="1")
    assert response.context["preview"] == "8 journées créées, 0 supprimée"
    assert Activity.objects.count() == 0


def test_saving_tells_how_many_days_were_made_dropped_and_kept(browser, activity, service):
    change(browser, activity, **TERM)
    home = household(commune=service.commune)
    book(home, activity.sessions.get(date=TUESDAY))
    row = activity.opening_rules.get()
    days = {"opening_rules-0-weekdays": ["0", "3", "4"], "opening_rules-0-last": "2026-12-18"}
    page = url("activity", "change", activity.pk)
    response = browser.post(page, fields_of(browser.get(page)) | days, follow=True)
    assert told(response)[0] == "3 journées créées, 1 supprimée, 1 gardée car déjà réservée."
    row.refresh_from_db()
    assert (row.weekdays, row.last) == ([0, 3, 4], date(2026, 12, 18))


def test_saving_what_changes_no_day_says_so(browser, activity):
    page = url("activity", "change", activity.pk)
    response = browser.post(page, fields_of(browser.get(page)), follow=True)
    assert told(response)[0] == "Aucune journée créée ni supprimée."


def test_days_to_come_take_the_new_times(browser, activity):
    change(browser, activity, **TERM)
    change(browser, activity, arrival="11:45", departure="13:45")
    assert set(activity.sessions.values_list("arrival", "departure")) == {(time(11, 45), time(13, 45))}


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({"opening_rules-0-weekdays": []}, ["Cochez au moins un jour."]),
        (
            {"opening_rules-0-weekdays": ["7"]},
            ["Sélectionnez un choix valide. 7 n’en fait pas partie."],
        ),
        ({"opening_rules-0-last": "2026-11-01"}, ["La période finit avant de commencer."]),
        (
            {"opening_rules-0-first": "0226-09-01"},
            ["Une règle couvre au plus deux ans : vérifiez les dates."],
        ),
        (
            {"opening_rules-0-last": "2028-09-01"},
            ["Les vacances scolaires 2028-2029 ne sont pas encore publiées."],
        ),
        (
            {"opening_rules-0-first": "1990-11-01", "opening_rules-0-last": "1990-12-01"},
            ["Les vacances scolaires 1990-1991 ne sont plus tenues à jour."],
        ),
        ({"opening_rules-0-first": "demain"}, ["Saisissez une date valide."]),
    ],
)
def test_opening_rules_that_make_no_sense_are_refused(browser, activity, fields, sentences):
    response = change(browser, activity, **TERM | fields)
    assert errors(response) == sentences
    assert OpeningRule.objects.count() == Session.objects.count() == 0


def test_a_closure_takes_its_days_away(browser, activity):
    closure = {
        "closures-TOTAL_FORMS": "1",
        "closures-0-first": "2026-12-01",
        "closures-0-last": "2026-12-04",
        "closures-0-reason": "Travaux",
    }
    change(browser, activity, **TERM | closure)
    dates = list(activity.sessions.order_by("date").values_list("date", flat=True))
    assert dates == [MONDAY, *(date(2026, 12, day) for day in (7, 8, 10, 11))]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"departure": "10:00"}, "Le départ vient après l’arrivée."),
        ({"booking_closes_at": "2026-05-01T08:00"}, "La fermeture des réservations vient après leur ouverture."),
        ({"age_min": "6", "age_max": "3"}, "L’âge maximum est au moins l’âge minimum."),
        ({"booking_opens_at": "hier"}, "Saisissez une date et une heure valides."),
        ({"name": ""}, "Ce champ est obligatoire."),
        ({"name": "x" * 101}, "Assurez-vous que cette valeur comporte au plus 100 caractères (actuellement 101)."),
        ({"capacity": "-1"}, "Assurez-vous que cette valeur est supérieure ou égale à 0."),
        ({"levels": ["XX"]}, "Sélectionnez un choix valide. XX n’en fait pas partie."),
        (
            {"slug": "à table"},
            "Ce champ ne doit contenir que des lettres, des nombres, des tirets bas (_) et des traits d’union.",
        ),
    ],
)
def test_an_activity_that_makes_no_sense_is_refused_in_french(browser, activity, fields, sentence):
    response = change(browser, activity, **fields)
    assert [error.replace("'", "’") for error in errors(response)] == [sentence]


def test_only_schools_of_the_commune_are_offered_and_accepted(browser, activity, service, visitor):
    own, other = SchoolFactory(commune=service.commune), SchoolFactory()
    form = browser.get(url("activity", "change", activity.pk)).context["adminform"].form
    assert list(form.fields["schools"].queryset) == [own]
    assert len(errors(change(browser, activity, schools=[other.pk]))) == 1
    change(browser, activity, schools=[own.pk])
    assert list(activity.schools.all()) == [own]


def test_a_new_activity_takes_no_school_of_another_of_the_agents_communes(visitor, service):
    school = SchoolFactory(name="École du Bourg", commune=CommuneFactory(name="Baneins"))
    browser = visitor(AgentFactory(communes=[service.commune, school.commune]))
    response = new_activity(browser, service, schools=[school.pk])
    assert errors(response) == [f"{school} n’est pas une école de Saint-Marcel."]
    assert Activity.objects.count() == 0


def test_the_service_of_an_activity_never_changes(browser, activity, service):
    other = ServiceFactory(commune=service.commune)
    change(browser, activity, service=other.pk)
    activity.refresh_from_db()
    assert activity.service == service


# Prices


@pytest.mark.parametrize(("typed", "cents"), [("3,80", 380), ("14.85", 1485), ("0", 0), ("10 €", 1000)])
def test_a_price_is_typed_in_euros_and_kept_in_cents(browser, activity, typed, cents):
    change(browser, activity, **{"tariffs-0-cents": typed})
    assert activity.tariffs.get().cents == cents


def test_a_price_is_shown_as_people_write_it(browser, activity):
    assert fields_of(browser.get(url("activity", "change", activity.pk)))["tariffs-0-cents"] == ["3,80"]


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        ([{"cents": "cher"}], ["Écrivez un montant en euros, comme 15,20."]),
        ([{"cents": "-1"}], ["Un prix va de 0 à 1\u202f000,00\u00a0€."]),
        ([{"cents": "1000,01"}], ["Un prix va de 0 à 1\u202f000,00\u00a0€."]),
        ([{"cents": ""}], ["Ce champ est obligatoire."]),
        (
            [{"cents": "1", "quotient_from": "500", "quotient_to": "400"}],
            ["La tranche de quotient finit avant de commencer."],
        ),
        ([{"cents": "1", "valid_to": "2026-01-01"}], ["Le tarif finit avant de commencer."]),
        (
            [{"cents": "1", "quotient_to": "600"}, {"cents": "2", "quotient_from": "602"}],
            ["Toutes situations\u00a0: aucun tarif pour un quotient de 601 à partir du 01/09/2026."],
        ),
        (
            [{"cents": "1", "quotient_to": "600"}, {"cents": "2", "quotient_from": "600"}],
            ["Toutes situations\u00a0: plusieurs tarifs pour un quotient de 600 à partir du 01/09/2026."],
        ),
        (
            [{"cents": "1", "valid_to": "2026-12-31"}, {"cents": "2", "valid_from": "2027-01-03"}],
            ["Toutes situations\u00a0: aucun tarif du 01/01/2027 au 02/01/2027."],
        ),
    ],
)
def test_prices_that_leave_a_family_without_one_or_with_two_are_refused(browser, activity, rows, sentences):
    Tariff.objects.all().delete()
    fields = {"tariffs-TOTAL_FORMS": str(len(rows))}
    for number, row in enumerate(rows):
        fields |= tariff_row(number, **row)
    assert errors(change(browser, activity, **fields)) == sentences
    assert Tariff.objects.count() == 0


def test_the_situation_is_named_when_its_prices_are_wrong(browser, activity, service):
    audience = AudienceFactory(service=service, name="Résident commune")
    fields = {"tariffs-TOTAL_FORMS": "2"} | tariff_row(1, audience=str(audience.pk), cents="3", quotient_from="100")
    sentence = "Résident commune\u00a0: aucun tarif pour un quotient de 0 à 99 à partir du 01/09/2026."
    assert errors(change(browser, activity, **fields)) == [sentence]


def test_a_situation_of_another_service_is_refused(browser, activity, service, visitor):
    other = AudienceFactory(service=ServiceFactory(commune=service.commune), name="Autre")
    response = change(browser, activity, **{"tariffs-0-audience": str(other.pk)})
    assert len(errors(response)) == 1
    new = new_activity(browser, service, **{"tariffs-0-audience": str(other.pk)})
    assert errors(new) == ["La situation «\u00a0" + str(other) + "\u00a0» est celle d’un autre service."]
    assert Activity.objects.count() == 1


def test_a_price_is_deleted_unless_it_leaves_a_gap(browser, activity):
    Tariff.objects.all().delete()
    low, high = tariff(activity, 100, quotient_to=600), tariff(activity, 200, quotient_from=601)
    response = change(browser, activity, **{"tariffs-1-DELETE": "on"})
    assert errors(response) == [
        "Toutes situations\u00a0: aucun tarif pour un quotient de 601 ou plus à partir du 01/07/2026."
    ]
    assert set(activity.tariffs.all()) == {low, high}
    change(browser, activity, **{"tariffs-0-DELETE": "on", "tariffs-1-DELETE": "on"})
    assert activity.tariffs.count() == 0


# Capacity


def test_a_capacity_applies_to_the_days_to_come_and_counts_what_is_booked(browser, activity, service):
    change(browser, activity, **TERM | {"opening_rules-0-first": "2026-10-15"})
    past = activity.sessions.get(date=date(2026, 10, 15))
    book(household(commune=service.commune), activity.sessions.get(date=TUESDAY))
    change(browser, activity, capacity="10")
    counters = dict(activity.sessions.filter(date__gte=date(2026, 11, 2)).values_list("date", "booked"))
    assert counters == {day: int(day == TUESDAY) for day in counters}
    assert set(activity.sessions.filter(date__gte=date(2026, 11, 2)).values_list("capacity", flat=True)) == {10}
    past.refresh_from_db()
    assert past.capacity is None


def test_a_capacity_below_what_is_booked_is_refused_with_the_days(browser, activity, service):
    change(browser, activity, **TERM)
    book(household(commune=service.commune), activity.sessions.get(date=TUESDAY))
    response = change(browser, activity, capacity="0", name="Autre nom")
    sentence = (
        "Impossible de passer à 0 place par jour : davantage sont déjà réservées ou retenues le mardi 1er décembre (1)."
    )
    assert errors(response) == [sentence]
    assert fields_of(response)["name"] == ["Autre nom"]
    activity.refresh_from_db()
    assert (activity.capacity, activity.name) == (None, "Cantine")
    assert set(activity.sessions.values_list("capacity", "booked")) == {(None, 0)}


# Speed


def queries(browser, page) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(page).status_code == 200
    return len(captured)


def test_the_page_of_an_activity_asks_as_much_with_one_row_or_many(browser, activity, service):
    page = url("activity", "change", activity.pk)
    change(browser, activity, **TERM)
    AudienceFactory(service=service)
    queries(browser, page)
    before = queries(browser, page)
    for number in range(4):
        audience = AudienceFactory(service=service)
        tariff(activity, 100 + number, audience=audience)
        SchoolFactory(commune=service.commune)
        activity.closures.create(first=date(2027, 1, 4), last=date(2027, 1, 4), reason="Pont")
    assert queries(browser, page) == before


def test_a_day_may_count_several_units_and_have_its_share_of_care(browser, service):
    new_activity(browser, service, kind="loisirs", quantity="2", care_percent="80")
    assert Activity.objects.values_list("quantity", "care_percent").get() == (2, 80)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"quantity": "0"}, "Une journée compte au moins une unité."),
        ({"kind": "loisirs", "care_percent": "101"}, "100"),
        (
            {"care_percent": "20"},
            "Un repas n’a pas de part de garde : une surveillance facturée à part est une activité périscolaire.",
        ),
    ],
)
def test_units_and_care_that_cannot_be_are_told(browser, service, fields, sentence):
    response = new_activity(browser, service, **fields)
    assert any(sentence in error for error in errors(response))
    assert Activity.objects.count() == 0


# Kinds of prices: each in its own table


@pytest.fixture
def priced(activity, service):
    """Normal prices for two situations, a late and an unbooked one for everybody, as the demo has them."""
    inside, outside = (
        AudienceFactory(service=service, name="Résidents"),
        AudienceFactory(service=service, name="Autres"),
    )
    activity.tariffs.all().delete()
    rows = [tariff(activity, 380, audience=inside), tariff(activity, 475, audience=outside)]
    return [*rows, tariff(activity, 713, kind="late"), tariff(activity, 950, kind="unbooked")]


def test_an_activity_with_a_late_and_an_unbooked_price_is_saved_and_keeps_every_price(browser, activity, priced):
    response = change(browser, activity, name="Cantine du soir")
    assert response.status_code == 302
    activity.refresh_from_db()
    assert activity.name == "Cantine du soir"
    kept = sorted(activity.tariffs.values_list("pk", "kind", "cents"))
    assert kept == sorted((row.pk, row.kind, row.cents) for row in priced)


def test_each_kind_of_price_has_a_table_that_says_what_it_is(browser, activity, priced):
    page = browser.get(url("activity", "change", activity.pk))
    shown = words(page)
    for title in (
        "Tarif normal : réservation dans les délais Ce que paie une famille qui réserve dans les délais.",
        "Tarif d’une réservation tardive Facultatif.",
        "Tarif d’une présence sans réservation Facultatif.",
    ):
        assert title in shown
    fields = fields_of(page)
    prices = [fields[f"{table}-0-cents"] for table in ("late_tariffs", "unbooked_tariffs")]
    assert (prices, fields["tariffs-TOTAL_FORMS"]) == ([["7,13"], ["9,50"]], ["2"])


@pytest.mark.parametrize(("table", "kind"), [("late_tariffs", "late"), ("unbooked_tariffs", "unbooked")])
def test_a_price_of_a_kind_is_typed_in_its_table(browser, activity, table, kind):
    row = {name.replace("tariffs", table, 1): value for name, value in tariff_row(cents="6,65").items()}
    assert change(browser, activity, **{f"{table}-TOTAL_FORMS": "1"} | row).status_code == 302
    assert list(activity.tariffs.exclude(kind="normal").values_list("kind", "cents")) == [(kind, 665)]


@pytest.mark.parametrize("table", ["late_tariffs", "unbooked_tariffs"])
def test_each_kind_is_refused_by_itself(browser, activity, priced, table):
    row = {name.replace("tariffs", table, 1): value for name, value in tariff_row(1, cents="8").items()}
    sentence = "Toutes situations\u00a0: plusieurs tarifs pour un quotient de 0 ou plus à partir du 01/09/2026."
    assert errors(change(browser, activity, **{f"{table}-TOTAL_FORMS": "2"} | row)) == [sentence]
    assert activity.tariffs.count() == 4


def test_a_row_of_another_kind_is_not_taken(browser, activity, priced):
    forged = {"late_tariffs-0-id": str(priced[0].pk), "late_tariffs-0-cents": "1"}
    change(browser, activity, **forged)
    kept = sorted(activity.tariffs.values_list("pk", "kind", "cents"))
    assert kept == sorted((row.pk, row.kind, row.cents) for row in priced)


def test_a_situation_left_without_a_normal_price_is_named(browser, activity, priced):
    page = url("activity", "change", activity.pk)
    fields = fields_of(browser.get(page)) | {"tariffs-1-DELETE": "on"}
    lost = Tariff.objects.get(pk=fields["tariffs-1-id"][0]).audience.name
    response = browser.post(page, fields, follow=True)
    assert told(response)[1] == f"Sans tarif normal, ces situations ne peuvent pas réserver : {lost}."


def test_late_prices_alone_let_nobody_book(browser, activity):
    activity.tariffs.update(kind="late")
    response = browser.post(page := url("activity", "change", activity.pk), fields_of(browser.get(page)), follow=True)
    assert told(response)[1] == NO_PRICE


def test_what_is_forgiven_and_how_long_an_absence_is_told_are_settings(browser, activity):
    shown = words(browser.get(url("activity", "change", activity.pk)))
    assert "Droit à l’erreur : premier changement tardif pardonné" in shown
    assert change(browser, activity, forgives_first="on", absence_hours="72").status_code == 302
    activity.refresh_from_db()
    assert (activity.forgives_first, activity.absence_hours) == (True, 72)
