from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"
    verbose_name = "Services"

    def ready(self):
        from families import hooks
        from services import health

        hooks.may_read_health.register(health.children_of)
