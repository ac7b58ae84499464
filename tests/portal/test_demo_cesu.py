"""The employers of the demo."""

import pytest

from cesu.models import Beneficiary, Employer, Issuer, Manager, SpaceNews, VoucherOrder
from portal.demo import cesu, data
from portal.lib.models import OutgoingEmail
from wallet.checks import differences


@pytest.mark.django_db
def test_the_demo_has_employers_that_order_and_one_to_sign_up():
    cesu.employ()
    Issuer.objects.update(phone="01 02 03 04 05")
    before = counts()
    cesu.employ()
    assert counts() == before
    assert Issuer.objects.get().phone == "01 02 03 04 05"
    nadia = Manager.objects.get(user__identifier="D100200")
    assert (nadia.is_primary, nadia.user.check_password(data.PASSWORD)) == (True, True)
    assert Beneficiary.objects.filter(employer=nadia.employer).count() == 14
    assert Employer.objects.get(client_reference="D100400").managers.count() == 0
    assert list(VoucherOrder.objects.values_list("status", flat=True)) == ["taken", "taken"]
    assert list(differences()) == []


def counts() -> list[int]:
    return [model.objects.count() for model in (Employer, Manager, Beneficiary, SpaceNews, VoucherOrder, OutgoingEmail)]
