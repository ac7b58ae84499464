"""Hours of aid as people read them: ``{% load aid %}``."""

from django import template

from cesu.aid.reads.frame import of_person
from cesu.rules import aid

register = template.Library()


@register.filter
def as_hours(minutes: int) -> str:
    """« 42 h 00 »."""
    return aid.hours(minutes).replace(" ", "\u00a0")


@register.filter
def as_clock(minutes: int) -> str:
    """« 42:00 »."""
    return aid.clock(minutes)


@register.filter
def of(name: object) -> str:
    """« d’Odette LACOSTE », « de Fatima Besson »."""
    return of_person(str(name))
