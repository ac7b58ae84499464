"""The payment page that people see: a card number, perhaps a question of the bank, and back to the portal."""

import html
import re
from pathlib import Path
from string import Template
from urllib.parse import SplitResult, parse_qs

from tests.doubles.stripe import cards
from tests.doubles.stripe.answers import Answer
from tests.doubles.stripe.bank import Bank
from tests.doubles.stripe.errors import ApiError
from tests.doubles.stripe.store import Thing

WEB = Path(__file__).parent / "web"
PAGE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'",
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
}


def answer(bank: Bank, method: str, parts: SplitResult, body: str) -> Answer:
    """What the browser gets at this address."""
    if parts.path == "/page.css":
        return Answer(200, (WEB / "page.css").read_bytes(), {"Content-Type": "text/css; charset=utf-8"})
    found = re.fullmatch(r"/c/pay/(\w+)", parts.path)
    try:
        session = bank.session(found[1] if found else "")
    except ApiError:
        return word("Page introuvable", "Aucun paiement n’attend à cette adresse.", status=404)
    form = {name: values[-1] for name, values in parse_qs(body if method == "POST" else parts.query).items()}
    if method == "POST":
        return receive(bank, session, form)
    return (
        ask_card(bank, session, cards.of(form.get("card", cards.ACCEPTED)).spaced)
        if is_open(session)
        else closed(session)
    )


def receive(bank: Bank, session: Thing, form: dict[str, str]) -> Answer:
    """Try the card that was typed."""
    typed = form.get("card", "")
    number = re.sub(r"[\s.-]", "", typed)
    confirmed = form["confirmed"] == "yes" if "confirmed" in form else None
    outcome = bank.pay(session["id"], number, confirmed)
    if outcome.end == "paid":
        return Answer(303, b"", {"Location": after(session)})
    if outcome.end == "confirm":
        return ask_bank(bank, session, number)
    if outcome.end == "closed":
        return closed(bank.session(session["id"]))
    return ask_card(bank, session, typed, outcome.sentence)


def is_open(session: Thing) -> bool:
    return session["status"] == "open"


def after(session: Thing) -> str:
    """Where a payer lands."""
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def ask_card(bank: Bank, session: Thing, number: str, refusal: str = "") -> Answer:
    """The card number is asked, again if it was refused."""
    email = session["customer_email"]
    main = fill(
        "card.html",
        label=bank.store.hidden(session["id"])["label"],
        amount=euros(session["amount_total"]),
        back=session["cancel_url"] or session["success_url"],
        here=f"/c/pay/{session['id']}",
        number=number,
        described=" alert" if refusal else "",
        payer=Markup(f'<p class="payer">Payeur : {html.escape(email)}</p>' if email else ""),
        alert=Markup(f'<p id="alert" role="alert">{html.escape(refusal)}</p>' if refusal else ""),
        invalid=Markup(' aria-invalid="true" autofocus' if refusal else ""),
        cards=Markup(
            "\n".join(
                f'<li><a href="?card={card.number}">{card.spaced}</a> <span>{card.about}</span></li>'
                for card in cards.KNOWN
            )
        ),
    )
    return page("Erreur : paiement refusé" if refusal else "Paiement par carte", main)


def ask_bank(bank: Bank, session: Thing, number: str) -> Answer:
    """The bank asks the holder to confirm."""
    main = fill(
        "confirm.html",
        label=bank.store.hidden(session["id"])["label"],
        amount=euros(session["amount_total"]),
        here=f"/c/pay/{session['id']}",
        number=number,
        last=number[-4:],
    )
    return page("Confirmez votre paiement", main)


def closed(session: Thing) -> Answer:
    """A page that takes no card any more."""
    if session["status"] == "complete":
        return word("Ce paiement est déjà fait", "Votre carte n’a été débitée qu’une fois.", after(session))
    back = session["cancel_url"] or session["success_url"]
    return word("Cette page de paiement est fermée", "Rien n’a été débité.", back)


def word(title: str, sentence: str, address: str = "", status: int = 200) -> Answer:
    """A page that only says something."""
    link = Markup(f'<p><a href="{html.escape(address)}">Retour au portail</a></p>' if address else "")
    return page(title, fill("word.html", title=title, sentence=sentence, link=link), status)


class Markup(str):
    """HTML that is written as it stands."""


def fill(name: str, **values: str) -> Markup:
    """A template of the folder « web », its values escaped unless they are Markup."""
    safe = {key: value if isinstance(value, Markup) else html.escape(value) for key, value in values.items()}
    return Markup(Template((WEB / name).read_text()).substitute(safe))


def page(title: str, main: Markup, status: int = 200) -> Answer:
    return Answer(status, fill("page.html", title=title, main=main).encode(), PAGE)


def euros(cents: int) -> str:
    """« 1 520,00 € », its spaces unbreakable."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", "\u202f") + f",{rest:02}\u00a0€"
