"""What the canteens serve: kitchens, the menu of a day, its dishes with their allergens."""

from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Commune
from common.values.dates import date_short
from families.models import Allergen, School

WEEK = timedelta(days=7)


class KitchenQuerySet(models.QuerySet):
    def of_agent(self, agent):
        """Those of the agent's communes."""
        return self if agent.is_superuser else self.filter(commune__in=agent.communes.all())

    def of_schools(self, schools):
        """Those that serve at least one of these schools."""
        return self.filter(schools__in=schools).distinct()


class Kitchen(models.Model):
    """Cuisine: where the meals of some schools of a commune are made; its menus are theirs."""

    commune = models.ForeignKey(Commune, models.PROTECT, related_name="kitchens", verbose_name="commune")
    name = models.CharField("nom", max_length=80, help_text="Comme les familles l’appellent : « Cantine du Bourg ».")
    schools = models.ManyToManyField(School, blank=True, related_name="kitchens", verbose_name="écoles servies")
    objects = KitchenQuerySet.as_manager()

    class Meta:
        verbose_name = "cuisine"
        ordering = ["commune__name", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["commune", "name"],
                name="kitchen_name_per_commune",
                violation_error_message="Cette commune a déjà une cuisine de ce nom.",
            )
        ]

    def __str__(self):
        return f"{self.name} ({self.commune})"


class MenuQuerySet(models.QuerySet):
    def of_week(self, monday: date):
        """The menus from a Monday to the Sunday after it, in order, with their dishes."""
        return self.filter(date__gte=monday, date__lt=monday + WEEK).order_by("date").prefetch_related("dishes")


class Menu(models.Model):
    """What a kitchen serves on a day; a day without a menu has no row."""

    kitchen = models.ForeignKey(Kitchen, models.CASCADE, related_name="menus", verbose_name="cuisine")
    date = models.DateField("jour")
    objects = MenuQuerySet.as_manager()

    class Meta:
        verbose_name = "menu"
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["kitchen", "date"], name="one_menu_a_day")]

    def __str__(self):
        return f"{self.kitchen}, {date_short(self.date)}"


class Dish(models.Model):
    """A dish of a menu. ``allergens``: those it contains; None while the kitchen has not said, empty for none."""

    menu = models.ForeignKey(Menu, models.CASCADE, related_name="dishes", verbose_name="menu")
    rank = models.PositiveSmallIntegerField("rang")
    name = models.CharField("plat", max_length=120)
    allergens = ArrayField(
        models.CharField(max_length=12, choices=Allergen.choices), verbose_name="allergènes", null=True
    )

    class Meta:
        verbose_name = "plat"
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["menu", "rank"], name="one_dish_a_rank")]

    def __str__(self):
        return self.name
