"""The agents' pages that are no table, gathered from all apps: their addresses and the rights they take; the menu names them."""

from django.urls import URLPattern, path

from portal.desk.admin import closing, families, family_file, journal
from reservations.admin import accounting, days, figures
from wallet.admin import reconciling

PROGRAMME, CHILDREN = "reservations.change_activity", "families.view_healthfile"
MONEY, BOOKS = "wallet.view_counterpayment", "wallet.change_directdebitrun"
# The right that each page takes; « » for every agent of a commune, whose rows and acts are checked one by one.
RIGHTS = {
    "search": "",
    "journal": "",
    "settings": "",
    "family_file": "families.view_family",
    "family_note_end": "families.change_family",
    "family_new": "accounts.change_user",
    "family_import": "accounts.change_user",
    "family_import_confirm": "accounts.change_user",
    "family_import_model": "accounts.change_user",
    "accounts_user_fermer": "accounts.change_user",
    "accounting_month": MONEY,
    "accounting_month_csv": MONEY,
    "accounting_month_pdf": MONEY,
    "accounting_journal": BOOKS,
    "accounting_journal_csv": BOOKS,
    "accounting_stripe": BOOKS,
    "accounting_stripe_resume": BOOKS,
    "attendance_day": "reservations.view_session",
    "attendance": "reservations.view_session",
    "attendance_send": "reservations.add_attendance",
    "attendance_add": "reservations.add_attendance",
    "headcounts": "reservations.view_session",
    "headcounts_pdf": "reservations.view_session",
    "headcount_children": CHILDREN,
    "desk": "reservations.add_booking",
    "desk_family": "reservations.add_booking",
    "desk_book": "reservations.add_booking",
    "desk_cancel": "reservations.add_booking",
    "closing": PROGRAMME,
    "calendar": "reservations.view_session",
    "figures": "reservations.view_figures",
    "figures_xlsx": "reservations.view_figures",
}


def addresses() -> list[URLPattern]:
    """Their addresses below /admin/."""
    return [
        path("recherche/", family_file.search, name="search"),
        path("journal/", journal.journal, name="journal"),
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
