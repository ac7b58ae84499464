"""The slower door of the beneficiaries’ sign-up."""

from datetime import timedelta

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cesu.models.people import CesuHolder

CODE_DAYS = 30  # long enough for the post
MAX_FAILURES = 5  # wrong codes before it is worth nothing


class SignUpCodeQuerySet(models.QuerySet):
    def live(self):
        """Codes that still open the sign-up."""
        since = timezone.now() - timedelta(days=CODE_DAYS)
        return self.filter(used_at=None, created_at__gt=since, failures__lt=MAX_FAILURES)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["code_hash"], model_name="SignUpCodeEvent")
class SignUpCode(models.Model):
    """Code d’inscription: the funder gives it by phone or post; with it a holder signs up whatever strangers try. Hashed."""

    holder = models.ForeignKey(CesuHolder, models.PROTECT, related_name="sign_up_codes", verbose_name="porteur")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="donné par")
    code_hash = models.CharField(max_length=128)
    created_at = models.DateTimeField("donné le", default=timezone.now)
    used_at = models.DateTimeField("utilisé le", null=True, blank=True)
    failures = models.PositiveSmallIntegerField("essais manqués", default=0)
    objects = SignUpCodeQuerySet.as_manager()

    class Meta:
        verbose_name = "code d’inscription"
        verbose_name_plural = "codes d’inscription"
        constraints = [
            models.UniqueConstraint(fields=["holder"], condition=Q(used_at=None), name="one_sign_up_code_per_holder"),
        ]

    def __str__(self):
        return f"Code d’inscription de {self.holder}"
