from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class CesuConfig(AppConfig):
    name = "cesu"
    verbose_name = "CESU"

    def ready(self):
        from accounts.hooks import space_of
        from cesu.access import space_of_manager
        from cesu.actions.payments import PURPOSE, OrderPayment
        from cesu.checks import check_orders
        from wallet import checks, purposes

        post_migrate.connect(ensure, sender=installed.get_app_config("auth"))  # once all permissions are there
        space_of.register(space_of_manager)
        checks.register(check_orders)
        purposes.register(PURPOSE, OrderPayment())


def ensure(using, apps=installed, **kwargs):
    """Have the group of the issuer's staff with its permissions, however often it runs."""
    try:
        groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        return  # the app is being migrated away
    from cesu.access import STAFF, STAFF_TABLES

    wanted = [f"{verb}_{table}" for table, verbs in STAFF_TABLES.items() for verb in verbs.split()]
    group, _ = groups.objects.using(using).get_or_create(name=STAFF)
    group.permissions.set(permissions.objects.using(using).filter(content_type__app_label="cesu", codename__in=wanted))
