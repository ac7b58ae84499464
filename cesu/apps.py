from django.apps import AppConfig


class CesuConfig(AppConfig):
    name = "cesu"
    verbose_name = "CESU"

    def ready(self):
        from accounts.hooks import space_of
        from cesu.access import space_of_manager

        space_of.register(space_of_manager)
