"""What the tests of accounts type and read."""

import re
from html import unescape

from common.models import OutgoingEmail

PASSWORD = "cantine-2026-soleil"
STEP_1 = {
    "first_name": "Claire",
    "last_name": "Dupont",
    "email": "Claire@example.org",
    "password1": PASSWORD,
    "terms": "on",
    "members-TOTAL_FORMS": "0",
    "members-INITIAL_FORMS": "0",
}


def member(first_name, n=None, year="2018", **fields):
    """A beneficiary as the form posts it: row ``n`` of the sign-up, or the form of step 2."""
    names = {"last_name": "Dupont", "first_name": first_name, "kinship": "mother"}
    birth = {"birth_date_day": "10", "birth_date_month": "5", "birth_date_year": year}
    prefix = "" if n is None else f"members-{n}-"
    return {f"{prefix}{name}": value for name, value in (names | birth | fields).items()}


def last_email(to, template):
    return OutgoingEmail.objects.filter(to=to, template=f"accounts/{template}").latest("pk")


def emails_to(address):
    """The templates of what was sent to an address, oldest first."""
    return [email.template for email in OutgoingEmail.objects.filter(to=address).order_by("pk")]


def code_sent(to="claire@example.org", template="email_confirmation_signup"):
    return last_email(to, template).context["code"]


def sign_up(client, **fields):
    """Step 1 and the code; the visitor is then signed in, at step 2."""
    client.post("/inscription/", STEP_1 | fields)
    to = (STEP_1 | fields)["email"].lower()
    return client.post("/comptes/confirm-email/", {"code": code_sent(to), "action": "verify"})


def words(response):
    """The text of a page, without markup and with single spaces."""
    page = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.S)
    text = unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")
    return " ".join(text.split())


def labels(response):
    """The labels and legends of a page's fields, in order."""
    found = re.findall(r"<(?:label|legend)[^>]*>(.*?)</(?:label|legend)>", response.content.decode(), flags=re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", label)).replace("\u00a0", " ").split()) for label in found]


def buttons(response):
    """The words on a page's buttons and button-like links in its main part, in order."""
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    found = re.findall(r'<(?:button|a)[^>]*class="btn[^>]*>(.*?)</(?:button|a)>', main, flags=re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", text)).split()) for text in found]


def errors(response):
    """The sentences of the error summary."""
    summary = response.content.decode().partition('class="pv-errors"')[2].partition("</ul>")[0]
    found = re.findall(r"<li>(.*?)</li>", summary, flags=re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", text)).replace("\u00a0", " ").split()) for text in found]
