"""What the tables of the issuer's staff share: every row is theirs, euros and percents are typed as people write them."""

from django.contrib import admin

from cesu.fields import CentsField, PercentField
from common.admin import CommunesAdmin
from wallet.admin.decisions import DecisionAdmin


def short(label: str) -> str:
    """A column's name as the page says it, without the unit of the table."""
    return label.removesuffix(", en centimes").removesuffix(", en points de base").capitalize()


class Everything:
    """For a CommunesAdmin: the issuer's staff sees all rows; who may, the permissions of their group say."""

    def own(self, rows, agent):
        return rows


class IssuerAdmin(Everything, CommunesAdmin):
    """Rows that the issuer's staff writes; amounts in euros, rates in percent."""

    actions = None

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        name, asked = db_field.name, {"required": not db_field.blank, "help_text": db_field.help_text}
        if name.endswith("cents"):
            return CentsField(label=f"{short(db_field.verbose_name)}, en euros", **asked)
        if name.endswith("_rate"):
            return PercentField(label=f"{short(db_field.verbose_name)}, en %", **asked)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class IssuerDecisions(Everything, DecisionAdmin):
    """Rows that are only shown, with pages that decide."""

    actions = None


class IssuerEdits(IssuerAdmin, IssuerDecisions):
    """Rows that are written, with pages that decide."""

    def has_add_permission(self, request, obj=None):
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request, obj=None):
        return admin.ModelAdmin.has_change_permission(self, request, obj)
