from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portail"

    def ready(self):
        from cesu.orders.actions.documents import kept_documents
        from portal import (
            celery,  # noqa: F401 -- so that shared tasks use the portal's broker
            checks,  # noqa: F401 -- registers them
        )
        from services.hooks import kept_blobs

        kept_blobs.register(kept_documents)


class PortalAdminConfig(AdminConfig):
    default_site = "portal.desk.site.PortalAdminSite"
