from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class CesuConfig(AppConfig):
    name = "cesu"
    verbose_name = "CESU"

    def ready(self):
        from accounts.hooks import space_of
        from cesu.access import space_of_manager
        from cesu.aid.actions import complements
        from cesu.aid.checks import check_aid
        from cesu.aid.reads.access import space_of_aid
        from cesu.orders.actions.payments import PURPOSE, OrderPayment
        from cesu.orders.checks import check_orders
        from wallet import checks, purposes

        post_migrate.connect(ensure, sender=installed.get_app_config("auth"))  # once all permissions are there
        space_of.register(space_of_manager)
        space_of.register(space_of_aid)
        checks.register(check_orders)
        checks.register(check_aid)
        purposes.register(PURPOSE, OrderPayment())
        purposes.register(complements.PURPOSE, complements.AidComplement())


def ensure(using, apps=installed, **kwargs):
    """Have the groups of the issuer's and the funders' staff with their permissions, however often it runs."""
    try:
        groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        return  # the app is being migrated away
    from cesu.access import GROUPS

    of_cesu = permissions.objects.using(using).filter(content_type__app_label="cesu")
    for name, tables in GROUPS.items():
        group, _ = groups.objects.using(using).get_or_create(name=name)
        wanted = [f"{verb}_{table}" for table, verbs in tables.items() for verb in verbs.split()]
        group.permissions.set(of_cesu.filter(codename__in=wanted))
