from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portail"

    def ready(self):
        from portal import celery  # noqa: F401 -- so that shared tasks use the portal's broker


class PortalAdminConfig(AdminConfig):
    default_site = "portal.admin_site.PortalAdminSite"
