from django.apps import AppConfig

from portal.lib import addresses


class LibConfig(AppConfig):
    name = "portal.lib"
    label = "lib"
    verbose_name = "Réglages et messages"

    def ready(self):
        addresses.register()
