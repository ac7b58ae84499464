"""« Payer mon intervenant » page by page: what is shown, what is refused, what is never lost."""

from datetime import date
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cesu.models import AidAccess, AidPayment, Caregiver, Issuer
from common.files import pdf
from tests.cesu.orders.reading import plain
from tests.client import once_keys
from tests.factories.aid import aid_account_of, aid_user, caregiver_with, left, organisation_with, right_with
from tests.factories.aid_payments import PASSWORD, home_with, pay_for, use
from wallet.actions import cards

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_books")]
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
JULY = date(2019, 7, 1)


@pytest.fixture(autouse=True)
def _a_monday(time_machine):
    time_machine.move_to("2026-11-23T10:00:00+01:00", tick=False)


@pytest.fixture
def odette(visitor):
    """A home and its visitor: ``odette(2520)``."""

    def make(*minutes, **fields):
        home = home_with(*minutes, **fields)
        return home, visitor(home.user)

    return make


def page_of(home, name, *args):
    return reverse(f"aid:{name}", args=[home.holder.pk, *args])


def amounts_of(home):
    return page_of(home, "amounts", home.caregiver.pk)


def typed(home, *cells, **more):
    """Step 2 as it is sent: (hours, minutes) for each right, None for « Tout utiliser »."""
    data = {"compte": home.account.pk, "valider": "1"} | more
    for right, cell in zip(home.rights, cells, strict=False):
        data |= {f"tout-{right.pk}": "1"} if cell is None else {f"h-{right.pk}": cell[0], f"m-{right.pk}": cell[1]}
    return data


def to_confirm(home, client, *cells, **more):
    """Step 3, after a right step 2."""
    answer = client.post(amounts_of(home), typed(home, *cells, **more))
    assert answer.status_code == 302, plain(answer)
    return client.get(answer.url), answer.url


def confirmed(client, page, url, password=PASSWORD, **more):
    [key] = once_keys(page)
    sealed = url.partition("?p=")[2]
    data = {"once_key": key, "p": unquote(sealed), "password": password} | more
    return client.post(url.partition("?")[0], data)


# --- Step 1 -----------------------------------------------------------------------------------------------------------
@pytest.mark.seed(
    "S1-35", "S1-37", "S1-38", "S1-39", "S1-40", "S1-41", "S1-42", "S1-43", "S1-44", "S1-45", "S1-46", "S1-47"
)
def test_step_one_asks_as_the_guide_does(odette):
    home, client = odette(60)
    read = plain(client.get(page_of(home, "pay")))
    for words in (
        "Payer mon intervenant",
        "Type de l’intervenant",
        "L’intervenant est :",
        "Une personne physique (Emploi direct gré à gré)",
        "Une personne morale (Organisme prestataire, mandataire ou établissement public)",
        "Critères de recherche",
        "Saisissez le code NAN et la date de naissance de l’intervenant à payer :",
        "* Code NAN",
        "* Date de naissance",
        "Rechercher",
        "(1) Demandez à l’intervenant son code NAN et sa date de naissance.",
        "Affiliation d’un intervenant personne physique",
        "Si votre intervenant n’est pas encore affilié auprès du CRCESU, vous pouvez télécharger le formulaire "
        "d’affiliation dans lequel vous trouverez les informations nécessaires.",
    ):
        assert words in read
    form = client.get(reverse("aid:affiliation"))
    assert (form["Content-Type"], form.content[:5]) == ("application/pdf", b"%PDF-")


def test_the_form_of_affiliation_is_drawn_once_for_all_visitors_and_anew_when_its_words_change(client, monkeypatch):
    drawn = []
    monkeypatch.setattr(pdf, "_draw", lambda page, carried: drawn.append(page) or b"%PDF-")
    pdf._drawn_once.cache_clear()
    Issuer.objects.update_or_create(pk=1, defaults={"phone": "05 61 00 00 01"})
    for _ in range(3):
        assert type(client)().get(reverse("aid:affiliation")).content == b"%PDF-"
    assert len(drawn) == 1
    changed = Issuer.objects.get()
    changed.phone = "05 61 00 00 02"
    changed.save()
    client.get(reverse("aid:affiliation"))
    assert ["05 61 00 00 02" in page for page in drawn] == [False, True]
    pdf._drawn_once.cache_clear()


def test_a_person_is_found_then_paid_first_on_the_list(odette):
    home, client = odette(60)
    besson = caregiver_with(first_name="Nour")
    asked = {"kind": "person", "nan": besson.nan, "birth_date": "03/02/1979", "name": ""}
    assert client.post(page_of(home, "pay"), asked).url == page_of(home, "amounts", besson.pk)
    pay_for(home, [use(home.rights[0], 60)])
    read = plain(client.get(page_of(home, "pay")))
    assert read.index("Dernier paiement le 23-11-2026") < read.index("Nour Besson")


@pytest.mark.seed("S1-48")
def test_an_organisation_is_asked_its_name_and_no_birth_date(odette):
    home, client = odette(60)
    aide = organisation_with()
    asked = {"kind": "organisation", "nan": aide.nan, "birth_date": "n’importe quoi", "name": "aide"}
    assert client.post(page_of(home, "pay"), asked).url == page_of(home, "amounts", aide.pk)
    read = plain(client.post(page_of(home, "pay"), asked | {"name": ""}))
    assert "Une erreur est à corriger Nom de l’organisme" in read


def test_nobody_found_says_so_and_keeps_what_was_typed(odette):
    home, client = odette(60)
    asked = {"kind": "person", "nan": "7654321*1", "birth_date": "1979-02-03"}
    answer = client.post(page_of(home, "pay"), asked)
    assert "Aucun intervenant affilié ne correspond" in plain(answer)
    assert 'value="7654321*1"' in answer.content.decode()


def test_a_caregiver_is_taken_off_the_list(odette):
    home, client = odette(60)
    client.post(page_of(home, "pay"), {"retirer": home.caregiver.pk})
    assert "Fatima Besson" not in plain(client.get(page_of(home, "pay"))).replace(
        "Fatima Besson n’est plus dans votre liste.", ""
    )
    assert client.post(page_of(home, "pay"), {"retirer": "99x"}).status_code == 404


# --- Step 2 -----------------------------------------------------------------------------------------------------------
@pytest.mark.seed(
    "S1-34",
    "S1-49",
    "S1-52",
    "S1-53",
    "S1-54",
    "S1-55",
    "S1-56",
    "S1-57",
    "S1-58",
    "S1-59",
    "S1-62",
    "S1-63",
    "S1-64",
    "S1-65",
)
def test_step_two_is_the_table_of_the_guide(odette, stripe_double):
    home, client = odette(2520, months=[NOVEMBER])
    answer = client.get(amounts_of(home))
    read = plain(answer)
    for words in (
        "Étape 2 sur 3",
        "Compte CESU à débiter APA EMPLOI DIRECT",
        "Mois d’attribution Vos droits disponibles en heures Heures à payer Tout utiliser",
        "Novembre 2026 42 h 00 , soit un montant de 201,94 €".replace(" ,", ","),
        "h. min.",
        "Total 0:00 Montant à débiter 0,00 €",
        "Je souhaite effectuer un complément de paiement par CB",
        "Valider Modifier l’intervenant Abandonner le paiement",
    ):
        assert words in read
    assert 'class="btn btn-primary text-uppercase" name="valider"' in answer.content.decode()


@pytest.mark.seed("S1-60", "S1-72")
def test_both_totals_follow_what_is_typed_with_and_without_scripts(odette, stripe_double):
    home, client = odette(2520)
    asked = typed(home, ("12", "30"), complement="1", montant="150")
    del asked["valider"]
    for headers in ({}, {"HX-Request": "true", "HX-Target": "totaux"}):
        answer = client.post(amounts_of(home), asked, headers=headers)
        read = plain(answer)
        assert "Total 12:30 Montant à débiter 60,10 €" in read
        assert "Complément par carte 150,00 € Participation aux frais de traitement 1,40 €" in read
        assert "Total débité sur votre carte 151,40 € Votre intervenant recevra 210,10 €" in read


@pytest.mark.seed("S1-61")
def test_all_that_is_wrong_is_said_at_once_and_nothing_typed_is_lost(odette, stripe_double):
    home, client = odette(600, 2520, months=[OCTOBER, NOVEMBER])
    answer = client.post(amounts_of(home), typed(home, ("11", ""), ("1", "75"), complement="1", montant="dix"))
    read, source = plain(answer), answer.content.decode()
    for words in (
        "3 erreurs sont à corriger",
        "Octobre 2026 : il reste 10 h 00, vous ne pouvez pas payer 11 h 00.",
        "Novembre 2026 : les minutes vont de 0 à 59. Pour 75 minutes, écrivez 2 h 15.",
        "Complément par carte : écrivez un montant en euros, comme 15,20.",
    ):
        assert words in read
    for value in ("11", "75", "dix"):
        assert f'value="{value}"' in source


def test_a_later_month_waits_for_the_older_one(odette):
    home, client = odette(600, 2520, months=[OCTOBER, NOVEMBER])
    read = plain(client.post(amounts_of(home), typed(home, ("", ""), ("1", ""))))
    assert "du mois le plus ancien : Octobre 2026 (encore 10 h 00)" in read


def test_another_person_s_caregiver_and_account_do_not_exist(odette):
    home, client = odette(60)
    other = home_with(60)
    assert client.get(page_of(home, "amounts", other.caregiver.pk)).status_code == 404
    assert client.get(page_of(other, "pay")).status_code == 404
    asked = {"compte": other.account.pk, f"h-{other.rights[0].pk}": "1", "valider": "1"}
    assert "Indiquez ce que vous payez" in plain(client.post(amounts_of(home), asked))


def test_accounts_are_never_mixed(odette):
    home, client = odette(60)
    pch = aid_account_of(home.holder, home.account.funder, "pch")
    right = right_with(pch, 120, NOVEMBER)
    read = plain(client.get(amounts_of(home), {"compte": pch.pk}))
    assert "2 h 00, soit un montant de" in read
    assert "1 h 00, soit" not in read
    asked = {"compte": pch.pk, f"h-{home.rights[0].pk}": "1", f"tout-{right.pk}": "1", "valider": "1"}
    page = client.get(client.post(amounts_of(home), asked).url)
    assert "Compte débité PCH EMPLOI DIRECT" in plain(page)
    assert "pour 2 h 00" in plain(page)


def test_who_only_looks_is_led_home(visitor):
    home = home_with(60)
    looker = visitor(aid_user(home.holder, role=AidAccess.Role.HELPER, may_pay=False))
    for path in (page_of(home, "pay"), amounts_of(home), page_of(home, "confirm", home.caregiver.pk)):
        assert looker.get(path).url == page_of(home, "home")
    assert looker.get(page_of(home, "history")).status_code == 200


def test_a_caregiver_who_left_is_not_offered_any_more(odette):
    home, client = odette(60)
    Caregiver.objects.update(ended_on=date(2026, 11, 1))
    assert client.get(amounts_of(home)).url == page_of(home, "pay")


# --- Step 3 -----------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-5", "S1-7", "S1-50", "S1-66")
def test_step_three_says_who_how_much_and_by_when_then_pays_on_the_password(odette):
    home, client = odette(600, 2520, months=[OCTOBER, NOVEMBER])
    page, url = to_confirm(home, client, None, ("2", "30"))
    read = plain(page)
    for words in (
        "Étape 3 sur 3",
        "Vous payez Fatima Besson 60,10 € pour 12 h 30",
        "Droits d’octobre 2026 10 h 00, soit 48,08 €",
        "Droits de novembre 2026 2 h 30, soit 12,02 €",
        "au plus tard le mercredi 25 novembre",
        "Votre mot de passe",
    ):
        assert words in read
    answer = confirmed(client, page, url)
    payment = AidPayment.objects.get()
    assert answer.url == page_of(home, "payment", payment.reference)
    assert [left(right)[0] for right in home.rights] == [0, 2370]
    receipt = plain(client.get(answer.url))
    assert "Votre paiement est enregistré 60,10 € pour 12 h 30" in receipt
    assert "Par Odette Lacoste" in receipt


def test_a_wrong_password_is_told_at_its_field_and_the_fifth_blocks(odette):
    home, client = odette(60)
    page, url = to_confirm(home, client, None)
    for _ in range(4):
        answer = confirmed(client, page, url, password="faux")
        assert "Le mot de passe n’est pas le bon. Rien n’a été payé." in plain(answer)
        assert answer.status_code == 200
    answer = confirmed(client, page, url, password="faux")
    assert (answer.status_code, "bloqué pendant 15 minutes" in plain(answer)) == (429, True)
    assert not AidPayment.objects.exists()


def test_a_page_that_another_payment_overtook_goes_back_with_what_was_typed(odette):
    home, client = odette(60)
    page, url = to_confirm(home, client, ("0", "45"))
    pay_for(home, [use(home.rights[0], 30)])
    answer = client.get(confirmed(client, page, url).url)
    assert "il reste 0 h 30, vous ne pouvez pas payer 0 h 45" in plain(answer)
    assert 'value="45"' in answer.content.decode()
    assert AidPayment.objects.count() == 1


def test_amounts_that_a_browser_changed_are_refused(odette):
    home, client = odette(600)
    page, url = to_confirm(home, client, ("1", ""))
    _, more = to_confirm(home, client, ("10", ""))
    answer = confirmed(client, page, url, p=unquote(more.partition("?p=")[2]))
    assert "préparée pour un autre intervenant ou un autre montant" in plain(client.get(answer.url))
    assert confirmed(client, page, url, p="x").url == amounts_of(home)
    assert not AidPayment.objects.exists()


# --- The card ---------------------------------------------------------------------------------------------------------
@pytest.mark.seed("S1-70", "S1-71", "S1-72")
def test_a_complement_goes_through_the_card_s_page_and_back(odette, stripe_double):
    home, client = odette(600)
    page, url = to_confirm(home, client, None, complement="1", montant="10")
    assert "Votre carte bancaire sera débitée de 10,70 €" in plain(page)
    answer = confirmed(client, page, url)
    payment = AidPayment.objects.select_related("card_payment").get()
    assert answer.url == payment.card_payment.url
    waiting = plain(client.get(page_of(home, "payment", payment.reference)))
    assert "Il reste à payer 10,70 € par carte" in waiting
    stripe_double.pay(payment.card_payment.session)
    back = client.get(page_of(home, "card", payment.reference))
    receipt = plain(client.get(back.url))
    assert "58,08 € pour 10 h 00" in receipt
    assert "Total par carte 10,70 €" in receipt


def test_given_up_at_the_card_s_page_the_rights_alone_are_offered_filled_in(odette, stripe_double):
    home, client = odette(600)
    page, url = to_confirm(home, client, ("2", "15"), complement="1", montant="10")
    confirmed(client, page, url)
    payment = AidPayment.objects.get()
    back = client.get(page_of(home, "card", payment.reference), {"retour": "1"})
    answer = client.get(back.url)
    assert "Payer seulement avec mes droits" in plain(answer)
    assert left(home.rights[0])[0] == 600
    again = client.get(answer.context["rights_alone"])
    assert (again.context["form"].cents, again.context["form"].wants_complement) == (1082, False)


def test_while_one_waits_for_its_card_another_complement_leads_to_it(odette, stripe_double):
    home, client = odette(600)
    page, url = to_confirm(home, client, ("1", ""), complement="1", montant="10")
    confirmed(client, page, url)
    payment = AidPayment.objects.get()
    page, url = to_confirm(home, client, ("1", ""), complement="1", montant="20")
    assert confirmed(client, page, url).url == page_of(home, "payment", payment.reference)
    client.post(page_of(home, "card", payment.reference), {"abandonner": "1"})
    payment.refresh_from_db()
    assert payment.status == AidPayment.Status.ABANDONED


def test_who_only_looks_neither_pays_nor_gives_up_at_the_card_s_page(odette, visitor, stripe_double):
    home, client = odette(600)
    page, url = to_confirm(home, client, ("1", ""), complement="1", montant="10")
    confirmed(client, page, url)
    payment = AidPayment.objects.get()
    looker = visitor(aid_user(home.holder, role=AidAccess.Role.HELPER, may_pay=False))
    address = page_of(home, "card", payment.reference)
    for answer in (
        looker.post(address, {"abandonner": "1"}),
        looker.post(address),
        looker.get(address, {"retour": "1"}),
    ):
        assert answer.url == page_of(home, "payment", payment.reference)
    assert "Abandonner le paiement" not in plain(looker.get(answer.url))
    payment.refresh_from_db()
    assert payment.status == AidPayment.Status.HELD


def test_a_stripe_that_is_silent_leaves_a_page_where_one_may_try_again(odette, stripe_double):
    home, client = odette(600)
    page, url = to_confirm(home, client, ("1", ""), complement="1", montant="10")
    stripe_double.fault("error_500", next=9)
    payment_page = confirmed(client, page, url).url
    stripe_double.calm()
    payment = AidPayment.objects.get()
    assert payment_page == page_of(home, "payment", payment.reference)
    assert (
        client.post(page_of(home, "card", payment.reference), {"reprendre": "1"}).url
        == stripe_double.sessions()[0]["url"]
    )
    cards.abandon(type(payment.card_payment).objects.get())


# --- The receipt, the history, the hours ------------------------------------------------------------------------------
@pytest.mark.seed("S1-69")
def test_a_payment_has_its_proof_for_who_may_open_the_account_and_none_before_it_is_made(
    odette, visitor, stripe_double
):
    home, client = odette(600)
    payment = pay_for(home, [use(home.rights[0], 60)])
    answer = client.get(page_of(home, "proof", payment.reference))
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    other = home_with(60)
    assert visitor(other.user).get(page_of(home, "proof", payment.reference)).status_code == 404
    assert visitor(other.user).get(page_of(other, "payment", payment.reference)).status_code == 404
    held = pay_for(home, [use(home.rights[0], 60)], 1000)
    assert client.get(page_of(home, "proof", held.reference)).status_code == 404
    assert client.get(page_of(home, "card", payment.reference)).status_code == 404


@pytest.mark.seed("S1-8", "S1-68")
def test_the_history_has_each_operation_at_once_the_newest_first(odette, stripe_double):
    home, client = odette(600)
    son = aid_user(home.holder, role=AidAccess.Role.HELPER, password=PASSWORD, first_name="Karim")
    pay_for(home, [use(home.rights[0], 60)], user=son)
    held = pay_for(home, [use(home.rights[0], 120)], 1000)
    cards.abandon(held.card_payment)
    lines = client.get(page_of(home, "history")).context["lines"]
    assert [(line.label, line.amount.replace("\xa0", " "), line.author) for line, _ in lines] == [
        ("Paiement de Fatima Besson abandonné, droits rendus", "+ 2 h 00", "Odette Lacoste"),
        ("Paiement de Fatima Besson, abandonné", "− 2 h 00", "Odette Lacoste"),
        ("Paiement de Fatima Besson", "− 1 h 00", "Karim Lacoste"),
        ("Droits de novembre 2026", "+ 10 h 00", ""),
    ]


def test_the_history_is_searched_by_account_month_kind_and_caregiver(odette):
    home, client = odette(600, months=[NOVEMBER])
    pay_for(home, [use(home.rights[0], 60)])
    pch = aid_account_of(home.holder, home.account.funder, "pch")
    right_with(pch, 120, NOVEMBER)

    def found(**filters):
        return [account for _, account in client.get(page_of(home, "history"), filters).context["lines"]]

    apa, other = "APA EMPLOI DIRECT", "PCH EMPLOI DIRECT"
    assert found() == [other, apa, apa]
    assert found(compte=pch.pk) == [other]
    assert found(operation="paiements") == [apa]
    assert found(intervenant=home.caregiver.pk) == [apa]
    assert found(du="2026-12") == []
    assert found(du="2026-11", au="2026-11") == [other, apa, apa]
    assert found(compte="x", operation="x", intervenant="x", du="x", au="2026-99") == [other, apa, apa]


def test_the_history_of_another_holder_stays_theirs(odette):
    home, client = odette(600)
    other = home_with(60)
    pay_for(other, [use(other.rights[0], 60)])
    assert len(client.get(page_of(home, "history")).context["lines"]) == 1
    assert client.get(page_of(other, "history")).status_code == 404


def test_the_hours_of_a_month_are_those_of_the_people_employed(odette, stripe_double):
    home, client = odette(600)
    aide = organisation_with(home.holder)
    pay_for(home, [use(home.rights[0], 60)])
    pay_for(home, [use(home.rights[0], 90)])
    home.caregiver = aide
    pay_for(home, [use(home.rights[0], 30)])
    answer = client.get(page_of(home, "hours"))
    [row] = answer.context["people"]
    assert (str(row.caregiver), row.payments, row.minutes, row.paid_cents) == ("Fatima Besson", 2, 150, 1202)
    assert "avant le mardi 8 décembre" in plain(answer)
    assert client.get(page_of(home, "hours"), {"mois": "2026-10"}).context["people"] == []
    pdf = client.get(page_of(home, "hours"), {"mois": "2026-11", "pdf": ""})
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_the_pages_ask_as_many_queries_for_one_row_as_for_three(visitor):
    few, many = home_with(600), home_with(600, 600, 600, months=[date(2026, 9, 1), OCTOBER, NOVEMBER])
    for _ in range(2):
        caregiver_with(many.holder)
    for home, times in ((few, 1), (many, 3)):
        for _ in range(times):
            pay_for(home, [use(home.rights[0], 60)])
    asked = [_queries(visitor(home.user), home) for home in (few, many)]
    assert asked[0] == asked[1]


def _queries(client, home) -> list[int]:
    payment = AidPayment.objects.filter(aid_account=home.account).first()
    pages = (page_of(home, "pay"), amounts_of(home), page_of(home, "history"), page_of(home, "hours"))
    counts = []
    for path in (*pages, page_of(home, "payment", payment.reference)):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        counts.append(len(queries))
    return counts
