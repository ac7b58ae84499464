"""The menus of a week as people read them, and what in them concerns the children of a family."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import prefetch_related_objects

from accounts.models import Commune, User
from common.values.calendars import school_year_of
from common.writing.rows import Rows
from families.actions.alerts import content_of
from families.models import ADULTS, HealthSheet, Member, Membership
from portal.models import Dish, Kitchen, Menu
from portal.talk.rules import allergen_word, concerned, current_monday, monday_of

LOOK_AHEAD = timedelta(days=7)
FAR = timedelta(days=366)  # beyond, no menu was ever written


@dataclass
class Child:
    """A child of the family, the allergens of its sheet, and what the comparison cannot see."""

    member: Member
    allergens: tuple[str, ...] = ()
    unreadable: bool = False
    in_words: bool = False  # an allergy written in words is compared with nothing

    @property
    def words(self) -> str:
        return ", ".join(map(allergen_word, self.allergens))


@dataclass
class Canteen:
    """A kitchen's week, with the children who eat there."""

    kitchen: Kitchen
    menus: list[Menu]
    children: list[Child] = field(default_factory=list)


def week_asked(text: str, today: date) -> date:
    """The Monday of the week that an address names; of the current one for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return current_monday(today)
    return monday_of(day) if abs(day - today) < FAR else current_monday(today)


def with_words(menus: Iterable[Menu], children: list[Child] = ()) -> list[Menu]:
    """The menus with ``words`` on each dish, and ``warnings`` for the children who eat there."""
    menus = list(menus)
    for dish in (dish for menu in menus for dish in menu.dishes.all()):
        dish.words = None if dish.allergens is None else ", ".join(map(allergen_word, dish.allergens))
        dish.warnings = [said for child in children if (said := warning(dish, child))]
    return menus


def warning(dish: Dish, child: Child) -> str:
    """« Contient des allergènes de Louane : œufs », or what cannot be told; nothing when nothing concerns the child."""
    found = concerned(dish.allergens, child.allergens)
    if found is None:
        return f"Allergènes inconnus : à vérifier pour {child.member.first_name}"
    return f"Allergie de {child.member.first_name} : {', '.join(map(allergen_word, found))}" if found else ""


def kitchens_by_commune() -> dict[Commune, list[Kitchen]]:
    """Every kitchen, for the public."""
    found: dict[Commune, list[Kitchen]] = {}
    for kitchen in Kitchen.objects.select_related("commune").order_by("commune__name", "name"):
        found.setdefault(kitchen.commune, []).append(kitchen)
    return found


def canteens_of(user: User, monday: date) -> list[Canteen]:
    """The week of each kitchen that serves a school of the person's children; warnings are for these children alone."""
    memberships = Membership.objects.of(user).current().exclude(kinship__in=ADULTS)
    rows = memberships.with_class(school_year_of(monday))
    schools = {row.member: row.member.class_now[0].school_class.school_id for row in rows if row.member.class_now}
    children = {child.member: child for child in _children(schools)}
    kitchens = Kitchen.objects.of_schools(schools.values()).select_related("commune").prefetch_related("schools")
    found = []
    for kitchen in kitchens.order_by("commune__name", "name"):
        served = {school.pk for school in kitchen.schools.all()}
        here = [children[member] for member, school in schools.items() if school in served]
        menus = with_words(Menu.objects.filter(kitchen=kitchen).of_week(monday), here)
        found.append(Canteen(kitchen, menus, here))
    return found


def _children(members: Iterable[Member]) -> list[Child]:
    sheets = {sheet.member_id: sheet for sheet in HealthSheet.objects.filter(member__in=members)}
    return [_child(member, sheets.get(member.pk)) for member in members]


def _child(member: Member, sheet: HealthSheet | None) -> Child:
    content = content_of(sheet)
    if content is None:
        return Child(member, unreadable=sheet is not None)
    return Child(member, content.allergens, in_words=bool(content.allergies))


def next_menus(user: User, today: date) -> list[Menu]:
    """The menus of the kitchens of the person's children, within a week, in order; nothing of health is read."""
    found = []
    for menu, kitchen in _NEXT(today, today + LOOK_AHEAD, school_year_of(today), user.guardian.family_id):
        menu.kitchen = kitchen
        found.append(menu)
    prefetch_related_objects(found, "dishes")
    return found


_NEXT = Rows(
    """
    SELECT {menu}, {kitchen}
    FROM portal_menu menu JOIN portal_kitchen kitchen ON kitchen.id = menu.kitchen_id
    WHERE menu.date >= %s AND menu.date < %s AND menu.kitchen_id IN (
        SELECT served.kitchen_id
        FROM families_membership own
        JOIN families_schooling schooling ON schooling.member_id = own.member_id AND schooling.school_year = %s
        JOIN families_schoolclass class ON class.id = schooling.school_class_id
        JOIN portal_kitchen_schools served ON served.school_id = class.school_id
        WHERE own.family_id = %s AND own.withdrawn_at IS NULL
    )
    ORDER BY menu.date, kitchen.name, menu.id
    """,
    menu=Menu,
    kitchen=Kitchen,
)
