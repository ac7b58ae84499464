"""The agents' side of the portal."""

from django.contrib.admin import AdminSite


class PortalAdminSite(AdminSite):
    site_header = "Parvis – Espace des agents"
    site_title = "Parvis"
    index_title = "À traiter"
