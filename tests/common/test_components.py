import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import override_settings

from common.templatetags.components import CELL_ICONS, CELL_WORDS, form_errors, icon_names


class Person(forms.Form):
    name = forms.CharField(label="Nom")
    gender = forms.ChoiceField(label="Genre", choices=[("m", "M"), ("f", "Mme")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("Ces deux personnes n’en font qu’une.")


def render(source: str, **context) -> str:
    return Template(source).render(Context(context))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_an_icon_is_drawn_from_the_sprite_and_hidden_from_screen_readers():
    assert render('{% icon "check-lg" %}') == (
        '<svg class="icon" aria-hidden="true"><use href="/static/img/icons.svg#check-lg"></use></svg>'
    )


def test_an_icon_that_the_sprite_lacks_is_an_error():
    with pytest.raises(ValueError, match="No icon 'unicorn'"):
        render('{% icon "unicorn" %}')


def test_every_icon_that_a_template_names_is_in_the_sprite():
    named = set(CELL_ICONS.values())
    for page in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([\w-]+)"', page.read_text(encoding="utf-8")))
    assert named - icon_names() == set()


@pytest.mark.seed("S4-120")
def test_money_is_written_with_a_comma():
    assert render("{{ cents|money }}", cents=-4605) == "\u221246,05\u00a0€"


@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        ("{{ value|date_short }}", date(2026, 3, 9), "09-03-2026"),
        ("{{ value|date_long }}", date(2018, 5, 10), "jeudi 10 mai 2018"),
        ("{{ value|moment_long }}", datetime(2018, 5, 10, 22, 30, tzinfo=UTC), "vendredi 11 mai 2018 00:30"),
    ],
)
def test_dates_are_written_in_french_and_in_local_time(source, value, text):
    assert render(source, value=value) == text


def test_the_key_of_a_confirmation_is_a_hidden_field():
    assert render("{% once_key %}", once_key='a"b') == '<input type="hidden" name="once_key" value="a&quot;b">'


def test_a_confirmation_without_a_key_is_an_error():
    with pytest.raises(KeyError):
        render('{% confirm "/x/" "Valider" %}')


@pytest.mark.seed("S3-20")
def test_the_three_steps_show_what_is_done_and_where_one_is():
    page = render('{% steps "Infos personnelles / Mes filiations / Mes services" 2 %}')
    assert words(page) == (
        "Étape 1 sur 3&nbsp;: Infos personnelles (terminée) "
        "2 Étape 2 sur 3&nbsp;: Mes filiations 3 Étape 3 sur 3&nbsp;: Mes services"
    )
    assert page.count('aria-current="step"') == 1


@pytest.mark.seed("S2-14")
def test_the_password_rule_is_shown():
    assert words(render('{% password_rules "id_password1" %}')) == (
        "13 caractères lettres chiffres symboles (! ? - @ …) ou bien une phrase d’au moins 7 mots"
    )


def test_the_error_summary_links_each_error_to_its_field():
    form = Person({})
    assert form_errors(form) == [
        {"text": "Ce champ est obligatoire.", "label": "Nom", "target": "id_name"},
        {"text": "Ce champ est obligatoire.", "label": "Genre", "target": "id_gender_0"},
        {"text": "Ce champ est obligatoire.", "label": "Secret", "target": ""},
        {"text": "Ces deux personnes n’en font qu’une.", "label": "", "target": ""},
    ]
    page = render("{% error_summary form %}", form=form)
    assert re.findall('href="#([^"]+)"', page) == ["id_name", "id_gender_0"]
    assert "4 erreurs sont à corriger" in words(page)


def test_a_form_without_error_has_no_summary():
    assert render("{% error_summary form %}", form=Person()).strip() == ""


@pytest.mark.seed("S4-77")
def test_the_legend_tells_every_state_apart_by_mark_and_words():
    page = render("{% calendar_legend %}")
    assert re.findall("</span>([^<]+)</li>", page) == list(CELL_WORDS.values())
    assert len(set(re.findall("#([a-z0-9-]+)", page))) == len(CELL_WORDS)


def test_the_legend_may_show_only_the_states_in_use():
    assert words(render("{% calendar_legend states %}", states=["open", "booked"])) == "Libre Réservé, modifiable"


def test_pages_are_linked_with_the_rest_of_the_address_kept():
    context = Context({"page": Paginator(range(30), 10).page(2)})
    context.request = RequestFactory().get("/?enfant=3&page=2")
    page = Template("{% pagination page %}").render(context)
    assert re.findall(r'href="(\?[^"]+)"', page) == [
        "?enfant=3&amp;page=1",
        "?enfant=3&amp;page=1",
        "?enfant=3&amp;page=3",
        "?enfant=3&amp;page=3",
    ]


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429", "500"])
@override_settings(LANGUAGE_CODE="fr")
def test_an_error_page_needs_nothing_to_show(name):
    page = render(f'{{% include "{name}.html" %}}')
    assert "Revenir à l’accueil" in words(page)
