"""« Laisser un avis »: once a person and service, read by an agent before anybody else."""

import pytest
from django.db import IntegrityError, transaction

from accounts.rules import ReasonMissing
from common.models import OutgoingEmail
from common.refusals import StalePage
from common.writing.once import make_key
from common.writing.states import WrongState
from portal.desk.reads.worklist import worklist
from portal.models import Review
from portal.talk.actions.reviews import (
    publish_review,
    refuse_review,
    withdraw_review,
    withdrawing,
    write_review,
    writing,
)
from portal.talk.rules import NeverBooked, NotYourReview, RatingUnknown, ReviewedAlready
from tests.accounts.pages import errors, words
from tests.client import once_keys
from tests.concurrency import someone_else
from tests.factories.accounts import AgentFactory, CommuneFactory
from tests.factories.reservations import ActivityFactory, book, household, session

pytestmark = pytest.mark.django_db
SAID = {"rating": 4, "text": "Des repas variés."}


@pytest.fixture(autouse=True)
def _before_the_day(time_machine):
    time_machine.move_to("2026-11-02 10:00")


@pytest.fixture
def activity():
    return ActivityFactory()


@pytest.fixture
def service(activity):
    return activity.service


@pytest.fixture
def agent(service):
    return AgentFactory(communes=[service.commune])


@pytest.fixture
def home(activity):
    """A family that booked once."""
    home = household(10_000)
    book(home, session(activity))
    OutgoingEmail.objects.all().delete()
    return home


@pytest.fixture
def page(service):
    return f"/avis/{service.pk}/"


def write(user, service, key=None, **said):
    key = key or make_key(user.owner, writing(service))
    write_review(user=user, service=service, key=key, **SAID | said)


@pytest.fixture
def review(home, service):
    write(home.user, service)
    return Review.objects.get()


@pytest.mark.seed("S3-89")
def test_the_page_of_an_activity_leads_to_the_reviews_of_its_service(visitor, home, activity, page):
    shown = visitor(home.user).get(f"/reservations/activite/{activity.slug}/")
    assert "Laisser un avis" in words(shown)
    assert f'href="{page}"' in shown.content.decode()


@pytest.mark.seed("S3-89")
def test_a_review_is_written_once_and_waits_for_an_agent(visitor, home, service, page, agent):
    browser = visitor(home.user)
    key = once_keys(browser.get(page))[0]
    for _ in range(2):
        assert browser.post(page, SAID | {"once_key": key}).url == page
    assert list(Review.objects.values_list("user", "service", "rating", "text", "status")) == [
        (home.user.pk, service.pk, 4, "Des repas variés.", "pending")
    ]
    assert "En attente de lecture" in words(browser.get(page))
    assert [(task.label, task.count) for task in worklist(agent)][-1] == ("Avis à lire", 1)


def test_nobody_else_reads_a_review_before_it_is_accepted_nor_once_it_is_refused(visitor, review, agent, page):
    type(review.user).objects.filter(pk=review.user.pk).update(last_name="Bertrand")
    neighbour = visitor(household(0).user)
    assert "Des repas variés." not in words(neighbour.get(page))
    publish_review(agent=agent, review=review, seen="pending")
    shown = words(neighbour.get(page))
    assert "4 sur 5 · Novembre 2026 Des repas variés." in shown
    assert "4,0 sur 5, 1 avis" in shown
    assert "Claire · 4 sur 5" in shown
    assert "Bertrand" not in shown
    refuse_review(agent=agent, review=review, seen="published", reason="Une personne est nommée.")
    assert "Des repas variés." not in words(neighbour.get(page))


def test_each_decision_is_told_to_the_author_once(review, agent, home):
    for _ in range(2):
        publish_review(agent=agent, review=review, seen="pending")
    for _ in range(2):
        refuse_review(agent=agent, review=review, seen="published", reason="Une personne est nommée.")
    sent = OutgoingEmail.objects.order_by("pk")
    assert [(row.template, row.owner, row.context["reason"]) for row in sent] == [
        ("portal/review_published", home.user.owner, ""),
        ("portal/review_refused", home.user.owner, "Une personne est nommée."),
    ]
    review.refresh_from_db()
    assert (review.status, review.decided_by, review.reason) == ("refused", agent, "Une personne est nommée.")


def test_an_agent_decides_on_the_page_of_the_review(visitor, review, agent):
    browser, page = visitor(agent), f"/admin/portal/review/{review.pk}/change/"
    shown = words(browser.get(page))
    assert "Votre avis est publié" in shown
    assert "Motif : (votre motif)" in shown
    assert "Ce champ est obligatoire" in words(browser.post(page, {"decision": "refuser", "seen": "pending"}))
    assert browser.post(page, {"seen": "refused"}).status_code == 200  # a colleague's decision in between
    assert Review.objects.get().status == "pending"
    answer = browser.post(page, {"seen": "pending"})
    assert answer.url == "/admin/portal/review/"
    assert Review.objects.get().status == "published"


def test_what_a_colleague_decided_meanwhile_is_not_decided_again(review, agent):
    refuse_review(agent=agent, review=review, seen="pending", reason="Une personne est nommée.")
    with pytest.raises(WrongState):
        publish_review(agent=agent, review=review, seen="pending")
    with pytest.raises(ReasonMissing):
        refuse_review(agent=agent, review=review, seen="pending", reason=" ")
    assert Review.objects.get().status == "refused"


def test_the_review_of_another_commune_is_not_there(visitor, review):
    stranger = AgentFactory(communes=[CommuneFactory()])
    page = f"/admin/portal/review/{review.pk}/change/"
    assert (visitor(stranger).get(page).status_code, visitor(stranger).post(page).status_code) == (404, 404)
    with pytest.raises(NotYourReview):
        publish_review(agent=stranger, review=review, seen="pending")
    assert [task.label for task in worklist(stranger)] == []


def test_a_family_that_never_booked_has_nothing_to_say_yet(visitor, service, page):
    newcomer = household(0).user
    assert "quand votre famille aura réservé dans ce service" in words(visitor(newcomer).get(page))
    with pytest.raises(NeverBooked):
        write(newcomer, service)
    assert Review.objects.count() == 0


def test_one_review_a_person_and_service_until_it_is_taken_back(visitor, home, review, service, page):
    with pytest.raises(ReviewedAlready):
        write(home.user, service, text="Encore.")
    with pytest.raises(IntegrityError, match="one_review_per_person_and_service"):
        Review.objects.create(user=home.user, service=service, **SAID)


def test_an_author_takes_their_review_back_once_and_may_write_another(visitor, home, review, service, page):
    browser = visitor(home.user)
    key = once_keys(browser.get(page))[0]
    browser.post(f"{page}retirer/", {"once_key": key})
    write(home.user, service, text="Encore.")
    browser.post(f"{page}retirer/", {"once_key": key})
    assert list(Review.objects.values_list("text", flat=True)) == ["Encore."]


def test_nobody_takes_back_the_review_of_another(visitor, review, service):
    other = household(0).user
    withdraw_review(user=other, service=service, key=make_key(other.owner, withdrawing(service)))
    with pytest.raises(StalePage):
        withdraw_review(user=other, service=service, key=make_key(review.user.owner, withdrawing(service)))
    assert Review.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ({"rating": "6"}, "Votre note"),
        ({"rating": "x"}, "Votre note"),
        ({"text": " "}, "Votre avis"),
        ({"text": "x" * 1501}, "Votre avis"),
    ],
)
def test_bad_input_is_told_on_its_field(visitor, home, service, page, said, label):
    browser = visitor(home.user)
    answer = browser.post(page, SAID | said | {"once_key": once_keys(browser.get(page))[0]})
    assert [text.partition(" : ")[0] for text in errors(answer)] == [label]
    with pytest.raises(RatingUnknown):
        write(home.user, service, rating=6)
    assert Review.objects.count() == 0


def test_a_closed_service_has_no_page_and_too_many_tries_are_refused(visitor, home, service, page):
    browser = visitor(home.user)
    answers = [browser.post(page, {"rating": "6"}).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    service.is_open = False
    service.save()
    assert browser.get(page).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_windows_at_once_leave_one_review(activity):
    home = household(10_000)
    book(home, session(activity))
    with transaction.atomic():
        type(home.user).objects.select_for_update(no_key=True).get(pk=home.user.pk)
        rival = someone_else(write, home.user, activity.service)
        rival.wait_until_blocked()
        Review.objects.create(user=home.user, service=activity.service, **SAID)
    with pytest.raises(ReviewedAlready):
        rival.result()
    assert Review.objects.count() == 1
