"""The demo's canteens: menus of this week and the next, and a child who may not eat all of them."""

import re
from datetime import timedelta

from django.utils import timezone

from accounts.models import Commune, User
from common.writing.once import make_key
from families.actions.health import write_health
from families.models import HealthContent, HealthSheet, Member, School
from portal.models import Kitchen
from portal.talk.actions.menus import days_of, version_of, week_of, write_week, writing
from portal.talk.rules import current_monday, read_dishes
from reservations.reads.commune_calendar import days_of as days_of_commune

WEEKS = [
    {
        0: "Carottes râpées (moutarde)\nHachis parmentier (lait, gluten)\nSalade verte (moutarde)\nPomme (aucun)",
        1: "Taboulé (gluten)\nFilet de colin sauce citron (poissons, lait)\nHaricots verts (aucun)\nYaourt nature (lait)",
        3: "Œuf mayonnaise (œufs, moutarde)\nLasagnes de légumes (gluten, lait, œufs)\nCompote de poires (aucun)",
        4: "Velouté de potiron (lait, céleri)\nPoulet rôti (aucun)\nRiz pilaf\nCrème vanille (lait, œufs)",
    },
    {
        0: "Betteraves (moutarde, sulfites)\nSauté de dinde (gluten)\nPurée (lait)\nClémentine (aucun)",
        1: "Salade de lentilles (moutarde)\nOmelette au fromage (œufs, lait)\nRatatouille (aucun)\nBanane (aucun)",
        3: "Concombre à la crème (lait)\nBœuf bourguignon (gluten, sulfites, céleri)\nCoquillettes (gluten)\nFlan (lait, œufs)",
        4: "Soupe de légumes (céleri)\nBrandade de poisson (poissons, lait)\nKiwi (aucun)",
    },
]


def serve(schools: dict[str, School], agents: dict[str, User]) -> None:
    """A kitchen for each school, its menus of two weeks; weeks already written stay."""
    monday = current_monday(timezone.localdate())
    for code, school in schools.items():
        kitchen, _ = Kitchen.objects.get_or_create(commune=school.commune, name=_name(school.commune))
        kitchen.schools.add(school)
        for number, week in enumerate(WEEKS):
            _write(agents[code], kitchen, monday + timedelta(weeks=number), week)


def _name(commune: Commune) -> str:
    """« Cantine d’Aiguilhe »; a demo made earlier gets the elision too."""
    plain = f"Cantine de {commune.name}"
    elided = re.sub(r"de (?=[AEÉIOUY])", "d’", plain)
    Kitchen.objects.filter(commune=commune, name=plain).update(name=elided)
    return elided


def _write(agent: User, kitchen: Kitchen, monday, dishes: dict[int, str]) -> None:
    if week_of(kitchen, monday):
        return
    week = days_of(monday, 5)
    closed = days_of_commune(kitchen.commune, week[0], week[-1]).public
    served = {number: day for number, day in enumerate(week) if day not in closed}
    days = {day: read_dishes(dishes[number]) for number, day in served.items() if number in dishes}
    key = make_key(agent.owner, writing(kitchen.pk, monday), version_of({}))
    write_week(agent=agent, kitchen=kitchen, monday=monday, days=days, key=key)


def allergic(parent: User) -> None:
    """The youngest child of a family may eat no eggs, once."""
    child = Member.objects.of(parent).last()
    if child and not HealthSheet.objects.filter(member=child).exists():
        key = make_key(parent.owner, f"health:{child.pk}")
        write_health(user=parent, member=child, content=HealthContent(allergens=("eggs",)), key=key)
