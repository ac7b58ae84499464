"""Rules of what the portal itself says and hears, as pure functions, and the sentences of their refusals."""

import re
import unicodedata
from datetime import date, timedelta

from common.refusals import Refusal

SCHOOL_WEEK = 5  # days of a week that have a menu, from Monday
MAX_DISH, MAX_DISHES = 120, 15
NONE = "aucun"
RATINGS = {
    5: "5 : très satisfait",
    4: "4 : satisfait",
    3: "3 : moyennement satisfait",
    2: "2 : peu satisfait",
    1: "1 : pas du tout satisfait",
}
# Annex II of regulation (EU) 1169/2011, in its order: what pages say, then what else agents may type.
ALLERGENS = {
    "gluten": ["gluten", "blé", "céréales", "céréales contenant du gluten"],
    "crustaceans": ["crustacés"],
    "eggs": ["œufs"],
    "fish": ["poissons"],
    "peanuts": ["arachides", "cacahuètes"],
    "soya": ["soja"],
    "milk": ["lait", "lactose"],
    "nuts": ["fruits à coque", "fruit à coque", "noix", "noisettes", "amandes"],
    "celery": ["céleri"],
    "mustard": ["moutarde"],
    "sesame": ["sésame"],
    "sulphites": ["sulfites", "anhydride sulfureux"],
    "lupin": ["lupin"],
    "molluscs": ["mollusques"],
}
Parsed = tuple[str, list[str] | None]  # a dish: its name, its allergens or None when the line says nothing of them


class NotYourKitchen(Refusal):
    """An agent writes the menus of their communes only."""

    sentence = "Cette cuisine n’est pas dans vos communes."
    status = 404


class MenuFaults(Refusal):
    """The lines of a day's menu that cannot be read, all at once."""


class WeekChanged(Refusal):
    sentence = (
        "Les menus de cette semaine ont changé pendant votre saisie. Votre texte est encore là : "
        "enregistrez-le de nouveau s’il doit remplacer les menus ci-dessous."
    )


class NothingToCopy(Refusal):
    sentence = "Cette semaine n’a aucun menu à copier."


class WeekTaken(Refusal):
    """A copy never overwrites."""

    sentence = "La semaine choisie a déjà des menus : rien n’est copié. Modifiez-la, ou choisissez-en une autre."


class NotYourMessage(Refusal):
    sentence = "Ce message n’est pas adressé à vos services."
    status = 404


class NotYourReview(Refusal):
    sentence = "Cet avis ne porte pas sur vos services."
    status = 404


class NeverBooked(Refusal):
    """A review comes from who knows the service."""

    sentence = "Vous pourrez donner votre avis quand votre famille aura réservé dans ce service."


class ReviewedAlready(Refusal):
    sentence = "Vous avez déjà donné votre avis sur ce service : retirez-le d’abord pour en écrire un autre."


class RatingUnknown(Refusal):
    sentence = "Choisissez une note de 1 à 5."


def monday_of(day: date) -> date:
    """The Monday of the week of a day."""
    return day - timedelta(day.weekday())


def current_monday(today: date) -> date:
    """The Monday of the week that people want to read about: at the weekend, the next one."""
    return monday_of(today + timedelta(2))


def allergen_word(allergen: str) -> str:
    """« œufs »."""
    return ALLERGENS[allergen][0]


def _bare(word: str) -> str:
    """A word as it is compared: without case, accents, ligatures or a final s."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("œ", "oe"))
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split()).removesuffix("s")


_KNOWN = {_bare(word): allergen for allergen, words in ALLERGENS.items() for word in words}
_NONE = {_bare(word) for word in (NONE, "aucune", "sans", "néant", "-", "sans allergène")}


def read_dish(line: str) -> Parsed:
    """Read « Gratin de courgettes (lait, gluten) », « Pomme (aucun) » or « Pomme »; raise MenuFaults."""
    found = re.fullmatch(r"(.*\S)\s*\(([^()]*)\)[\s.;]*", line)
    name, said = (found[1], found[2]) if found else (line, None)
    if len(name) > MAX_DISH:
        raise MenuFaults(f"« {name[:30]}… » : un plat compte au plus {MAX_DISH} caractères.")
    return name, _read_allergens(line, said)


def _read_allergens(line: str, said: str | None) -> list[str] | None:
    if said is None:
        return None
    words = [word for word in re.split(r"[,;/+]| et ", said) if word.strip()]
    if not words or [_bare(word) in _NONE for word in words] == [True]:
        return [] if words else None
    unknown = [word.strip() for word in words if _bare(word) not in _KNOWN]
    if unknown:
        raise MenuFaults(f"« {line[:60]} » : « {unknown[0][:30]} » n’est pas un des 14 allergènes.")
    named = {_KNOWN[_bare(word)] for word in words}
    return [allergen for allergen in ALLERGENS if allergen in named]


def read_dishes(text: str) -> list[Parsed]:
    """Read a day's menu, a dish a line; raise MenuFaults with every line that cannot be read."""
    lines = [" ".join(line.split()).strip("-•* ") for line in text.splitlines()]
    dishes, faults = [], []
    for line in filter(None, lines):
        try:
            dishes.append(read_dish(line))
        except MenuFaults as refusal:
            faults += refusal.sentences
    if len(dishes) > MAX_DISHES:
        faults.append(f"Un menu compte au plus {MAX_DISHES} plats.")
    if faults:
        raise MenuFaults(*faults)
    return dishes


def dish_line(name: str, allergens: list[str] | None) -> str:
    """Write a dish as it is typed."""
    if allergens is None:
        return name
    return f"{name} ({', '.join(map(allergen_word, allergens)) or NONE})"


def concerned(dish: list[str] | None, child: tuple[str, ...]) -> list[str] | None:
    """Which of a child's allergens a dish contains; None when the child has some and the kitchen has not said."""
    if dish is None:
        return None if child else []
    return [allergen for allergen in ALLERGENS if allergen in dish and allergen in child]
