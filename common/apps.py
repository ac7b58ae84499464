from django.apps import AppConfig

from common import addresses


class LibConfig(AppConfig):
    name = "common"
    label = "lib"
    verbose_name = "Réglages et messages"

    def ready(self):
        addresses.register()
