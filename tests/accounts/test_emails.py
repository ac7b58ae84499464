"""Emails of accounts: all through the outbox, in French, secrets erased once sent."""

import re
from pathlib import Path

import allauth
import pytest
from django.core import mail as django_mail
from django.template.loader import get_template

from accounts import emails
from common.background import mailing
from common.models import OutgoingEmail
from tests.accounts.pages import PASSWORD, STEP_1, last_email, words
from tests.factories.accounts import UserFactory

THEIRS = Path(allauth.__file__).parent / "templates"
OURS = Path(__file__).parents[2] / "templates" / "emails" / "accounts"
# What the portal does not switch on: links instead of codes, codes instead of links.
UNUSED = {"login_code", "password_reset_code"}
CONTEXT = {
    "first_name": "Claire",
    "last_name": "Dupont",
    "code": "A1B2C3",
    "sentence": "Votre demande est complète. Un agent de Saint-Marcel va l’examiner.",
    "asked": [],
    "action": "",
    "path": "",
    "commune": "Saint-Marcel",
    "reason": "Hors du territoire.",
    "identifier": "F0000012",
    "username": "F0000012",
    "signup_url": "https://portail.example/inscription/",
    "password_reset_url": "https://portail.example/lien",
    "from_email": "avant@example.org",
    "to_email": "apres@example.org",
    "deleted_email": "avant@example.org",
    "at": "mardi 3 novembre 10:00",
}


def their_names():
    """The names of the emails that allauth may send from its account and second-factor parts."""
    files = [*THEIRS.glob("account/email/*_message.txt"), *THEIRS.glob("mfa/email/*_message.txt")]
    names = {file.name.removesuffix("_message.txt") for file in files if not file.name.startswith("base")}
    return sorted(names - UNUSED)


@pytest.mark.parametrize("name", their_names())
def test_every_email_of_the_library_has_the_portals_own_words(name):
    for part in ("subject.txt", "txt", "html"):
        assert get_template(f"emails/accounts/{name}.{part}")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(file.name.removesuffix(".subject.txt") for file in OURS.glob("*.subject.txt")))
def test_each_email_reads_whole_in_text_and_html(name):
    subject, text, html = mailing.render(OutgoingEmail(template=f"accounts/{name}", context=CONTEXT))
    for part in (subject, text, html):
        assert part.strip()
        assert not re.search(r"{[{%]|None|'", part), part
    assert text.startswith("Bonjour Claire,")
    assert re.search(r"https?://(?!testserver|portail\.example)", text + html) is None


@pytest.mark.django_db
def test_an_apostrophe_in_a_name_stays_an_apostrophe_in_text_and_markup_is_escaped_in_html():
    context = CONTEXT | {"first_name": "Jo l'<b>"}
    _, text, html = mailing.render(OutgoingEmail(template="accounts/account_refused", context=context))
    assert text.startswith("Bonjour Jo l'<b>,")
    assert "Bonjour Jo l&#x27;&lt;b&gt;," in html


@pytest.mark.django_db
def test_the_library_sends_nothing_by_itself(client):
    client.post("/inscription/", STEP_1)
    assert django_mail.outbox == []
    assert OutgoingEmail.objects.filter(sent_at=None).count() == 1


@pytest.mark.django_db
def test_the_code_is_erased_once_the_email_left(client):
    client.post("/inscription/", STEP_1)
    code = last_email("claire@example.org", "email_confirmation_signup").context["code"]
    mailing.send_pending()
    assert code in django_mail.outbox[0].subject
    email = OutgoingEmail.objects.get()
    assert (email.context, email.secret, email.owner) == ({}, True, "")


@pytest.mark.django_db
def test_a_changed_password_is_announced_without_telling_it(client):
    user = UserFactory(email="claire@example.org", password=PASSWORD)
    client.force_login(user)
    new = "une-autre-2026-cantine"
    answer = client.post(
        "/comptes/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )
    assert "Votre mot de passe est changé." in words(answer)
    email = last_email("claire@example.org", "password_changed")
    assert (email.owner, email.secret) == (user.owner, False)
    assert new not in str(email.context)
    assert sorted(email.context) == ["at", "first_name"]


@pytest.mark.django_db
def test_the_preview_is_what_will_be_sent():
    user = UserFactory(email="claire@example.org", first_name="Claire")
    preview = emails.preview_refused(user, "Hors du territoire.")
    user.refusal_reason = "Hors du territoire."
    emails.account_refused(user)
    assert mailing.render(OutgoingEmail.objects.get())[:2] == preview
