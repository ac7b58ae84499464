"""What comes back each school year: certification, classes, the September roll-over."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from accounts.models import User
from common.values.calendars import school_year_of
from common.writing.transactions import outermost
from families.actions.agents import check_agent
from families.actions.members import lock_family, lock_membership, open_family
from families.models import Certification, Family, Level, Member, School, SchoolClass, Schooling
from families.rules import NotYourClass, NotYours, next_class


# --- Certification ---------------------------------------------------------------------------------------------------
@outermost
def certify(*, user: User) -> Certification:
    """Note that the person certifies the family's details for the current school year; twice is once."""
    return _certify(open_family(user), user)


@outermost
def certify_for(*, agent: User, family: Family) -> Certification:
    """Note it for a family seen at the counter, such as one without email."""
    check_agent(agent, family)
    return _certify(family, agent)


def _certify(family: Family, by: User) -> Certification:
    lock_family(family.pk)
    year = school_year_of(timezone.localdate())
    return Certification.objects.get_or_create(family=family, school_year=year, defaults={"by": by})[0]


# --- Classes ---------------------------------------------------------------------------------------------------------
def offered_classes(family: Family, today: date):
    """The classes a parent may choose from: of the schools of the family's commune, for the current school year."""
    classes = SchoolClass.objects.of_year(school_year_of(today))
    return classes.filter(school__commune=family.commune_id) if family.commune_id else classes.none()


@outermost
def choose_class(*, user: User, member: Member, school_class: SchoolClass | None) -> None:
    """Note the child's class of the current school year, as chosen by a parent; None: not at school here."""
    membership = lock_membership(open_family(user), member)
    today = timezone.localdate()
    if school_class and not _may_choose(membership, school_class, today):
        raise NotYourClass
    _set_class(member, school_year_of(today), school_class)


def _may_choose(membership, school_class: SchoolClass, today: date) -> bool:
    if membership.is_adult:
        return False
    if offered_classes(membership.family, today).filter(pk=school_class.pk).exists():
        return True
    return membership.member.schoolings.filter(school_class=school_class).exists()


@outermost
def set_classes(*, agent: User, family: Family, school_year: int, classes: dict[int, SchoolClass | None]) -> None:
    """Note the classes of a family's children (by pk) for a school year, in any school of the agent's communes."""
    check_agent(agent, family)
    for pk, school_class in classes.items():
        member = lock_membership(family, Member(pk=pk)).member
        now = member.schoolings.filter(school_year=school_year).values_list("school_class", flat=True).first()
        if now == (school_class and school_class.pk):
            continue
        if school_class and not SchoolClass.objects.of_agent(agent).of_year(school_year).contains(school_class):
            raise NotYours
        _set_class(member, school_year, school_class)


def _set_class(member: Member, school_year: int, school_class: SchoolClass | None) -> None:
    if school_class is None:
        member.schoolings.filter(school_year=school_year).delete()
    else:
        Schooling.objects.update_or_create(
            member=member, school_year=school_year, defaults={"school_class": school_class}
        )


# --- Roll-over -------------------------------------------------------------------------------------------------------
@dataclass
class RollOver:
    """What « Passage en classe supérieure » does to a school: ``moves`` is (child's Schooling, name of the class)."""

    new_classes: list[SchoolClass] = field(default_factory=list)
    moves: list[tuple[Schooling, str]] = field(default_factory=list)
    leaving: list[Schooling] = field(default_factory=list)
    unclear: list[Schooling] = field(default_factory=list)
    done: int = 0  # children who have a class for the next year already

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """(class, next class, number of children), class by class."""
        return [(*pair, n) for pair, n in sorted(Counter((s.school_class.name, to) for s, to in self.moves).items())]


def roll_over_plan(school: School, from_year: int) -> RollOver:
    """Return what the roll-over of a school would do; writes nothing. Three queries, whatever the number of children."""
    classes = list(school.classes.filter(school_year__in=[from_year, from_year + 1]).order_by("name"))
    existing = [each for each in classes if each.school_year == from_year + 1]
    levels = {each.level for each in existing}
    plan = RollOver()
    plan.new_classes = [
        SchoolClass(school=school, school_year=from_year + 1, name=each.name, level=each.level)
        for each in classes
        if each.school_year == from_year and each.level not in levels
    ]
    candidates = [(each.name, each.level) for each in (*existing, *plan.new_classes)]
    here = Schooling.objects.filter(school_class__school=school, school_year=from_year).values("member")
    placed = set(
        Schooling.objects.filter(school_year=from_year + 1, member__in=here).values_list("member_id", flat=True)
    )
    for schooling in _pupils(school, from_year):
        if schooling.member_id in placed:
            plan.done += 1
        else:
            _sort(plan, schooling, candidates)
    return plan


def _pupils(school: School, year: int):
    """The schoolings of a school's children who are still in a family."""
    pupils = Schooling.objects.filter(school_class__school=school, school_year=year)
    present = pupils.filter(member__memberships__withdrawn_at=None).distinct()
    return present.select_related("member", "school_class").order_by("member__last_name", "member__first_name", "pk")


def _sort(plan: RollOver, schooling: Schooling, candidates: list[tuple[str, str]]) -> None:
    now = schooling.school_class
    following = Level(now.level).following
    if following is None:
        plan.leaving.append(schooling)
        return
    name = next_class(now.name, now.level, following, candidates)
    if name is None:
        plan.unclear.append(schooling)
    else:
        plan.moves.append((schooling, name))


@outermost
def roll_over(*, agent: User, school: School, from_year: int) -> RollOver:
    """Make next year's classes and move the children up, set-based; again, it changes only what is still missing."""
    if not School.objects.of_agent(agent).filter(pk=school.pk).exists():
        raise NotYours
    School.objects.select_for_update(no_key=True).get(pk=school.pk)
    plan = roll_over_plan(school, from_year)
    SchoolClass.objects.bulk_create(plan.new_classes, ignore_conflicts=True)
    by_name = dict(school.classes.filter(school_year=from_year + 1).values_list("name", "pk"))
    Schooling.objects.bulk_create(
        [
            Schooling(member_id=schooling.member_id, school_class_id=by_name[name], school_year=from_year + 1)
            for schooling, name in plan.moves
        ],
        ignore_conflicts=True,
    )
    return plan
