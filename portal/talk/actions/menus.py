"""Agents write and copy the menus of a week. One lock: the kitchen's row, by pk when there are two."""

import hashlib
from datetime import date, timedelta

from accounts.models import User
from common.writing.once import claim_key
from common.writing.transactions import outermost
from portal.models import Dish, Kitchen, Menu
from portal.talk.rules import NothingToCopy, NotYourKitchen, Parsed, WeekChanged, WeekTaken, dish_line
from reservations.reads.commune_calendar import days_of as days_of_commune

Days = dict[date, list[Parsed]]


def week_of(kitchen: Kitchen, monday: date) -> Days:
    """The dishes of a kitchen's week, day by day; days without a menu are left out."""
    menus = Menu.objects.filter(kitchen=kitchen).of_week(monday)
    return {menu.date: [(dish.name, dish.allergens) for dish in menu.dishes.all()] for menu in menus}


def version_of(days: Days) -> str:
    """What a page showed: changes with any dish or allergen."""
    lines = [f"{day} {dish_line(*dish)}" for day, dishes in sorted(days.items()) for dish in dishes]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def writing(kitchen: int, monday: date) -> str:
    """The purpose of the key on the page of a week."""
    return f"menus:{kitchen}:{monday}"


def copying(kitchen: int, monday: date) -> str:
    return f"copy-menus:{kitchen}:{monday}"


@outermost
def write_week(*, agent: User, kitchen: Kitchen, monday: date, days: Days, key: str) -> int:
    """Write a week's menus, an empty day has none; return how many days changed. Twice is once.

    Raise NotYourKitchen, WeekChanged when a colleague wrote meanwhile.
    """
    once = claim_key(key, agent.owner, writing(kitchen.pk, monday))
    if once.answer:
        return once.answer["changed"]
    [kitchen] = _lock(agent, kitchen)
    before = week_of(kitchen, monday)
    if version_of(before) != once.detail:
        raise WeekChanged
    changed = {day: dishes for day, dishes in days.items() if dishes != before.get(day, [])}
    Menu.objects.filter(kitchen=kitchen, date__in=changed).delete()
    _write(kitchen, changed)
    return once.remember({"changed": len(changed)})["changed"]


@outermost
def copy_week(*, agent: User, source: Kitchen, monday: date, target: Kitchen, to: date, key: str) -> int:
    """Copy a week onto another, of the same kitchen or not, public holidays left out; return how many days.

    Twice is once. Raise NotYourKitchen, NothingToCopy, WeekTaken.
    """
    once = claim_key(key, agent.owner, copying(source.pk, monday))
    if once.answer:
        return once.answer["copied"]
    _lock(agent, source, target)
    found = week_of(source, monday)
    if not found:
        raise NothingToCopy
    if week_of(target, to):
        raise WeekTaken
    days = {to + (day - monday): dishes for day, dishes in found.items()}
    closed = days_of_commune(target.commune, min(days), max(days)).public
    copied = {day: dishes for day, dishes in days.items() if day not in closed}
    _write(target, copied)
    return once.remember({"copied": len(copied)})["copied"]


def _write(kitchen: Kitchen, days: Days) -> None:
    menus = Menu.objects.bulk_create(Menu(kitchen=kitchen, date=day) for day, dishes in days.items() if dishes)
    Dish.objects.bulk_create(
        Dish(menu=menu, rank=rank, name=name, allergens=allergens)
        for menu in menus
        for rank, (name, allergens) in enumerate(days[menu.date])
    )


def _lock(agent: User, *kitchens: Kitchen) -> list[Kitchen]:
    """The kitchens, locked by pk; a stranger's is not there."""
    wanted = {kitchen.pk for kitchen in kitchens}
    own = Kitchen.objects.of_agent(agent).filter(pk__in=wanted)
    locked = list(own.order_by("pk").select_for_update(of=("self",), no_key=True))
    if len(locked) != len(wanted):
        raise NotYourKitchen
    return locked


def days_of(monday: date, count: int) -> list[date]:
    """The days of a week from its Monday."""
    return [monday + timedelta(number) for number in range(count)]
