"""What the emails of the families app say."""

import pytest

from common.background import mailing
from common.models import OutgoingEmail
from families import emails
from families.models import Invitation
from tests.factories.accounts import UserFactory
from tests.factories.families import MemberFactory, parent_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation():
    child = MemberFactory(first_name="<b>Lou</b>")
    parent = parent_of(child, first_name="<i>Claire</i>")
    invitation = Invitation(
        family=parent.guardian.family,
        by=parent,
        email="marc@example.org",
        kind="shared",
        token_hash="0",
        expires_at="2099-12-31T10:00Z",
        accepted_by=UserFactory(first_name="Marc"),
        accepted_at="2099-12-01T10:00Z",
    )
    invitation.save()
    invitation.refresh_from_db()
    invitation.members.add(child)
    return invitation


def words(template):
    return mailing.render(OutgoingEmail.objects.get(template=f"families/{template}"))


def test_the_link_is_in_the_text_and_in_the_page_of_the_invitation(invitation, settings):
    emails.invitation(invitation, "secret")
    _, text, html = words("invitation")
    link = f"{settings.PUBLIC_URL}/mes-filiations/invitation/secret/"
    assert link in text.split()
    assert f'href="{link}"' in html
    assert "avant le 31-12-2099" in text


def test_names_with_markup_stay_words_in_every_email(invitation):
    emails.invitation(invitation, "secret")
    emails.invitation_accepted(invitation)
    child = invitation.members.get()
    parent_of(child)
    emails.shared_child_changed(child, ("Lou Dupont", child.birth_date), invitation.by)
    for email in OutgoingEmail.objects.all():
        subject, text, html = mailing.render(email)
        assert "&lt;" not in subject + text
        assert ("<i>Claire" in html, "<b>Lou" in html) == (False, False)


def test_parents_without_an_address_read_the_message_in_the_portal(invitation):
    parent = invitation.by
    parent.email = None
    parent.save()
    emails.invitation_accepted(invitation)
    email = OutgoingEmail.objects.get()
    assert (email.to, email.owner) == ("", parent.owner)
