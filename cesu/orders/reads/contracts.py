"""What an employer's contract says today."""

from django.utils import timezone

from cesu.models import Contract, Employer


def contract_of(employer: Employer) -> Contract:
    """The contract in force today; every employer has had one since it was created."""
    return Contract.objects.filter(employer=employer).on(timezone.localdate())[0]
