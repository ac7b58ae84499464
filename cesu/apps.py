from django.apps import AppConfig


class CesuConfig(AppConfig):
    name = "cesu"
    verbose_name = "CESU"

    def ready(self):
        from accounts.hooks import space_of
        from cesu.access import space_of_manager
        from cesu.actions.payments import PURPOSE, OrderPayment
        from cesu.checks import check_orders
        from wallet import checks, purposes

        space_of.register(space_of_manager)
        checks.register(check_orders)
        purposes.register(PURPOSE, OrderPayment())
