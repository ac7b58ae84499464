"""The agents' pages that are no table, gathered from all apps: their addresses; the menu names them."""

from django.urls import URLPattern, path

from portal.desk.admin import closing, families, family_file
from reservations.admin import accounting, days, figures
from wallet.admin import reconciling


def addresses() -> list[URLPattern]:
    """Their addresses below /admin/."""
    return [
        path("recherche/", family_file.search, name="search"),
        path("familles/<id:pk>/", family_file.file_page, name="family_file"),
        path("familles/notes/<id:pk>/retirer/", family_file.note_end, name="family_note_end"),
        path("familles/nouvelle/", families.new_family, name="family_new"),
        path("familles/importer/", families.import_page, name="family_import"),
        path("familles/importer/confirmer/", families.import_confirm, name="family_import_confirm"),
        path("familles/importer/modele.csv", families.import_model, name="family_import_model"),
        path("accounts/user/<id:pk>/fermer/", closing.close_view, name="accounts_user_fermer"),
        *accounting.pages(),
        *days.pages(),
        *figures.pages(),
        *reconciling.pages(),
    ]
