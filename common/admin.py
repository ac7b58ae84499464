"""What every app's admin shares, and the tables of the library: settings of the authority, messages, runs of jobs.

An agent's horizon is their communes: rows, choices, object pages and history of others are not found.
"""

import json

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from schwifty import BIC

from common.models import Authority, JobRun, OutgoingEmail, authority
from common.refusals import Refusal
from common.values.colours import READABLE, contrast, contrast_sentence
from common.values.dates import date_short, moment_short
from common.values.sepa import compact, key_warning
from common.writing.transactions import outermost


def choices_of(model, agent):
    """The rows of ``model`` that an agent may name in a form: those of their communes, where the model knows communes."""
    rows = model._default_manager.all()
    if agent.is_superuser:
        return rows
    if model is agent.communes.model:
        return agent.communes.all()
    return rows.of_agent(agent) if hasattr(rows, "of_agent") else rows


class OwnChoices:
    """For a ModelAdmin or an inline: foreign keys offer, and accept, only what is of the agent's communes.

    Dates and times are the browser's own fields, which work without scripts.
    """

    formfield_overrides = {
        models.DateField: {"widget": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})},
        models.TimeField: {"widget": forms.TimeInput(format="%H:%M", attrs={"type": "time"})},
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        },
    }

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs.setdefault("queryset", choices_of(db_field.remote_field.model, request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs.setdefault("queryset", choices_of(db_field.remote_field.model, request.user))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class CommunesAdmin(OwnChoices, admin.ModelAdmin):
    """Rows of the agent's communes only, 404 for any other; nothing is deleted."""

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else self.own(rows, request.user)

    def own(self, rows, agent):
        """The rows that ``agent`` may see; for a model whose QuerySet does not know agents, say it here."""
        return rows.of_agent(agent)

    def get_object(self, request, object_id, from_field=None):
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404
        return found

    def has_delete_permission(self, request, obj=None):
        return False

    def page(self, request, template, title, **context):
        """An admin page of ours, with the site's frame around it."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"admin/{template}.html", context)


class ReadOnly:
    """For a ModelAdmin: rows are shown and never changed."""

    actions = None

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnlyRows(ReadOnly, admin.TabularInline):
    """Rows shown below the page they belong to."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request, obj=None):
        return True


class RowForm(forms.ModelForm):
    """A line of a table: each field carries its column's name, which screen readers say."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            drawn = getattr(field.widget, "widget", field.widget)  # a foreign key's select is wrapped in its links
            drawn.attrs.setdefault("aria-label", capfirst(field.label))


class ManagersOnly:
    """For a ModelAdmin: only those who manage the portal see it."""

    def _is_manager(self, request, obj=None):
        return request.user.is_active and request.user.is_superuser

    has_view_permission = has_change_permission = has_module_permission = _is_manager


class RefusableForm(forms.ModelForm):
    """A form that tells what an action refused while it was saved."""

    refusal: Refusal | None = None

    def clean(self):
        super().clean()
        if self.refusal:
            raise ValidationError(self.refusal.sentences)


class RefusableAdmin(admin.ModelAdmin):
    """Saves a form, its rows and what follows from them in one outermost transaction, or nothing.

    Any Refusal of the actions called by ``save_related`` is told on the form (a RefusableForm), as it was filled in.
    """

    form = RefusableForm

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        view = super().changeform_view
        if request.method != "POST":
            return view(request, object_id, form_url, extra_context)
        try:
            return outermost(view)(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            request.refusal = refusal
            return view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form


class Coloured:
    """For a ModelAdmin: two colours, each with a sentence on how well it reads."""

    @admin.display(description="lisibilité")
    def primary_contrast(self, it):
        return contrast_sentence(it.colour_primary)

    @admin.display(description="lisibilité")
    def accent_contrast(self, it):
        return contrast_sentence(it.colour_accent)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        for name in ("colour_primary", "colour_accent"):
            if name in form.changed_data and contrast(getattr(obj, name)) < READABLE:
                label = form.fields[name].label.capitalize()
                messages.warning(request, f"{label} : {contrast_sentence(getattr(obj, name))}")


class BankAccount:
    """For a ModelAdmin of a row with an IBAN: a RIB key that does not fit is kept, and told."""

    account_field = "iban"

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        warn_of_key(request, getattr(obj, self.account_field))


def warn_of_key(request, iban: str) -> None:
    """Tell the agent that a French IBAN should be looked at again."""
    if warning := key_warning(iban):
        messages.warning(request, warning)


class AuthorityForm(forms.ModelForm):
    """The authority's settings; new terms need a new version, since people agree to a version."""

    class Meta:
        widgets = {
            **{name: forms.TextInput(attrs={"type": "color"}) for name in ("colour_primary", "colour_accent")},
            "accessibility_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }

    def clean(self):
        super().clean()
        if "terms" in self.changed_data and "terms_version" not in self.changed_data:
            self.add_error(
                "terms_version",
                "Le texte des conditions a changé : donnez-lui une nouvelle version, celle que chacun acceptera.",
            )
        least, most = self.cleaned_data.get("top_up_min"), self.cleaned_data.get("top_up_max")
        amounts = self.cleaned_data.get("top_up_amounts") or []
        if least and most and any(not least <= amount <= most for amount in amounts):
            self.add_error("top_up_amounts", f"Chaque recharge proposée va de {least} à {most} €.")

    def clean_creditor_id(self):
        return compact(self.cleaned_data["creditor_id"])

    def clean_creditor_iban(self):
        return compact(self.cleaned_data["creditor_iban"])

    def clean_creditor_bic(self):
        bic = compact(self.cleaned_data["creditor_bic"])
        if bic and not BIC(bic, allow_invalid=True).is_valid:
            raise ValidationError("Ce BIC n’est pas valable : recopiez-le, ou laissez-le vide.")
        return bic


@admin.register(Authority)
class AuthorityAdmin(BankAccount, Coloured, ManagersOnly, admin.ModelAdmin):
    """One row: « Collectivité » leads straight to it."""

    form = AuthorityForm
    account_field = "creditor_iban"
    fieldsets = [
        ("Identité", {"fields": ["name", "subtitle", "address", "phone", "email"]}),
        ("Accueil", {"fields": ["welcome", "introduction"]}),
        (
            "Pages légales",
            {
                "fields": [
                    "publisher",
                    "host",
                    "data_protection",
                    "accessibility_on",
                    "accessibility_gaps",
                    "security_contact",
                ],
                "description": "Ce que disent « Mentions légales », « Données personnelles » et « Accessibilité ».",
            },
        ),
        (
            "Couleurs",
            {
                "fields": ["colour_primary", "primary_contrast", "colour_accent", "accent_contrast"],
                "description": "Les pages prennent une nouvelle couleur en cinq minutes au plus.",
            },
        ),
        ("Comptes", {"fields": ["validates_accounts", "partner_offers"]}),
        ("Documents", {"fields": ["documents_a_day"]}),
        ("Règlements au guichet", {"fields": ["counter_payment"]}),
        ("Recharge par carte", {"fields": ["top_up_amounts", "top_up_min", "top_up_max"]}),
        (
            "Prélèvements et virements SEPA",
            {
                "fields": [
                    "creditor_name",
                    "creditor_id",
                    "creditor_iban",
                    "creditor_bic",
                    "debit_day",
                    "debit_notice",
                ],
                "description": "Le prélèvement est proposé aux familles dès que l’ICS et l’IBAN sont remplis.",
            },
        ),
        ("Conditions générales", {"fields": ["terms_version", "terms"]}),
    ]
    readonly_fields = ["primary_contrast", "accent_contrast"]

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:lib_authority_change", authority().pk)

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class SendingFilter(admin.SimpleListFilter):
    """What became of a message."""

    title = "envoi"
    parameter_name = "envoi"

    def lookups(self, request, model_admin):
        return [("a-envoyer", "À envoyer"), ("envoye", "Envoyé"), ("abandonne", "Abandonné"), ("portail", "Portail")]

    def queryset(self, request, queryset):
        waits = {"sent_at": None, "given_up_at": None}
        conditions = {
            "a-envoyer": queryset.filter(**waits).exclude(to=""),
            "envoye": queryset.filter(sent_at__isnull=False),
            "abandonne": queryset.filter(given_up_at__isnull=False),
            "portail": queryset.filter(to=""),
        }
        return conditions.get(self.value(), queryset)


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ReadOnly, ManagersOnly, admin.ModelAdmin):
    """Messages owed and sent; what a secret one says is never shown."""

    list_display = ["created_at", "template", "to", "owner", "state", "tries"]
    list_filter = [SendingFilter]
    search_fields = ["to", "owner", "template"]
    search_help_text = "Adresse, destinataire comme user:12, ou modèle de message"
    fields = ["created_at", "template", "to", "owner", "state", "tries", "next_try_at", "message_id", "content"]

    @admin.display(description="envoi")
    def state(self, email):
        if email.sent_at:
            return f"Envoyé le {_moment(email.sent_at)}"
        if email.given_up_at:
            return f"Abandonné le {_moment(email.given_up_at)}"
        return "À envoyer" if email.to else "Dans le portail seulement"

    @admin.display(description="contenu")
    def content(self, email):
        return "Secret : il n’est jamais montré." if email.secret else as_text(email.context)


@admin.register(JobRun)
class JobRunAdmin(ReadOnly, ManagersOnly, admin.ModelAdmin):
    """Which periodic jobs ran, for which date, and what they said."""

    list_display = ["name", "date", "state", "began"]
    list_filter = ["job"]
    fields = ["name", "date", "state", "began", "said"]
    ordering = ["-business_date", "-started_at"]

    @admin.display(description="tâche", ordering="job")
    def name(self, run):
        return run.job

    @admin.display(description="journée", ordering="business_date")
    def date(self, run):
        return date_short(run.business_date)

    @admin.display(description="commencée le", ordering="started_at")
    def began(self, run):
        return _moment(run.started_at)

    @admin.display(description="état", ordering="finished_at")
    def state(self, run):
        if run.finished_at:
            return f"Terminée le {_moment(run.finished_at)}"
        return "En cours" if run.lease_until > timezone.now() else "Interrompue : elle sera reprise dans l’heure"

    @admin.display(description="compte rendu")
    def said(self, run):
        return as_text(run.report)


def as_text(data: dict):
    """A JSON column as a person reads it."""
    return format_html("<pre>{}</pre>", json.dumps(data, ensure_ascii=False, indent=2))


def _moment(instant) -> str:
    return moment_short(instant)
