"""States change along their arrows only."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from common.writing.states import WrongState, move
from tests.factories.accounts import PendingUserFactory

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 11, 3, 9, tzinfo=UTC)
Status = User.Status


def test_a_step_along_an_arrow_is_saved_with_the_fields_that_date_it():
    user = PendingUserFactory()
    move(user, Status.VALIDATED, decided_at=WHEN)
    user.refresh_from_db()
    assert (user.status, user.decided_at) == (Status.VALIDATED, WHEN)


@pytest.mark.parametrize("to", [Status.CLOSED, Status.PENDING, "unknown"])
def test_a_step_against_the_arrows_is_refused_and_changes_nothing(to):
    user = PendingUserFactory()
    with pytest.raises(WrongState):
        move(user, to, decided_at=WHEN)
    assert (user.status, user.decided_at) == (Status.PENDING, None)
    user.refresh_from_db()
    assert (user.status, user.decided_at) == (Status.PENDING, None)


def test_a_step_saves_nothing_else():
    user = PendingUserFactory(city="Baneins")
    user.city = "typed and not saved"
    move(user, Status.VALIDATED, decided_at=WHEN)
    user.refresh_from_db()
    assert user.city == "Baneins"


def test_the_refusal_is_a_sentence_for_the_person():
    assert WrongState().sentences == [
        "Cette étape n’est plus possible : l’état a changé entre-temps. Rechargez la page."
    ]


def test_every_arrow_of_an_account_leads_to_a_state_that_exists():
    assert set(User.ARROWS) | {to for arrows in User.ARROWS.values() for to in arrows} == set(Status)
