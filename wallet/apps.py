from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class WalletConfig(AppConfig):
    name = "wallet"
    verbose_name = "Porte-monnaie"

    def ready(self):
        from families import hooks
        from wallet import checks_cards, purposes  # noqa: F401 -- its checks register themselves
        from wallet.actions.cards import TOP_UP, TopUp
        from wallet.reads import statements

        purposes.register(TOP_UP, TopUp())
        post_migrate.connect(ensure, sender=self)
        hooks.family_has_history.register(statements.has_moved_money)


def ensure(using, apps=installed, **kwargs):
    """Have the default purse and the system accounts, however often it runs: after a migration, after a flush."""
    try:
        purses, accounts = apps.get_model("wallet", "Purse"), apps.get_model("wallet", "Account")
    except LookupError:
        return  # the app is being migrated away
    from wallet.models import SYSTEM

    purses.objects.using(using).bulk_create(
        [purses(code="principal", name="Porte-monnaie", is_default=True)], ignore_conflicts=True
    )
    accounts.objects.using(using).bulk_create([accounts(kind=kind) for kind in SYSTEM], ignore_conflicts=True)
