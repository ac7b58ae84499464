"""Rows read by SQL of our own are the instances that the ORM would give."""

from datetime import date

import pytest
from django.core.paginator import Paginator
from django.db import connection, models, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from common.models import OutgoingEmail
from common.writing.rows import Listing, Rows, insert
from reservations.models import Activity, Tariff
from services.models import Audience
from tests.factories.reservations import ActivityFactory

pytestmark = pytest.mark.django_db
TARIFFS = Rows(
    """
    SELECT {activity}, {tariff}, {audience}, tariff.cents * 2
    FROM reservations_activity activity
    LEFT JOIN reservations_tariff tariff ON tariff.activity_id = activity.id
    LEFT JOIN services_audience audience ON audience.id = tariff.audience_id
    WHERE activity.id = ANY(%s) ORDER BY activity.id, tariff.id
    """,
    activity=Activity,
    tariff=Tariff,
    audience=Audience,
)


def values(row: models.Model) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_an_instance_is_what_the_orm_reads_json_and_dates_too():
    activity = ActivityFactory(cents=380)
    [(found, tariff, audience, doubled)] = TARIFFS([activity.pk])
    assert values(found) == values(Activity.objects.get(pk=activity.pk))
    assert values(tariff) == values(activity.tariffs.get())
    assert (audience, doubled, found.booking_rule["kind"]) == (None, 760, "days")
    assert (found._state.adding, found._state.db) == (False, "default")


def test_what_a_left_join_does_not_find_is_none():
    activity = ActivityFactory(cents=380)
    activity.tariffs.all().delete()
    assert [row[1:] for row in TARIFFS([activity.pk])] == [(None, None, None)]


@pytest.mark.django_db(transaction=True)
def test_what_locks_is_refused_outside_a_transaction():
    lock = Rows("SELECT id FROM accounts_commune FOR SHARE")
    with pytest.raises(TransactionManagementError):
        lock()
    with transaction.atomic():
        assert lock() == []


def test_what_is_inserted_is_what_the_orm_saves():
    row = OutgoingEmail(template="a/b", to="claire@example.org", context={"days": ["lundi"]})
    insert(row)
    assert values(OutgoingEmail.objects.get()) == values(row)
    assert (row._state.adding, row._state.db) == (False, "default")


def test_no_row_is_an_empty_list_and_what_was_read_may_be_saved():
    assert TARIFFS([]) == []
    [(_, tariff, *_)] = TARIFFS([ActivityFactory(cents=380).pk])
    tariff.valid_to = date(2027, 8, 31)
    tariff.save()
    assert Tariff.objects.get(pk=tariff.pk).valid_to == date(2027, 8, 31)


def numbers(upto: int) -> Listing:
    count = Rows("SELECT count(*) FROM generate_series(1, %s)")
    some = Rows("SELECT number FROM generate_series(1, %s) AS number ORDER BY number LIMIT %s OFFSET %s")
    return Listing(count, some, int, upto)


def test_a_listing_is_counted_and_read_by_slices():
    assert (len(numbers(25)), numbers(25)[:2], numbers(25)[20:22], numbers(25)[23:]) == (25, [1, 2], [21, 22], [24, 25])
    assert list(numbers(3)) == [1, 2, 3]


@pytest.mark.parametrize(("upto", "page", "rows", "queries"), [(25, 3, [21, 22, 23, 24, 25], 2), (0, 1, [], 1)])
def test_a_page_of_a_listing_takes_its_rows_alone(upto, page, rows, queries):
    with CaptureQueriesContext(connection) as captured:
        assert list(Paginator(numbers(upto), 10).get_page(page)) == rows
    assert len(captured) == queries
