from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"
    verbose_name = "Services"

    def ready(self):
        from accounts.hooks import access_of
        from families import hooks
        from services.reads import access, health

        access_of.register(access.access_of)
        hooks.may_read_health.register(health.children_of)
        hooks.let_in_by.register(health.children_of)
        hooks.is_let_in.register(health.is_let_in)
