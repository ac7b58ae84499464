"""The agents' work on accounts: decisions have pages of their own; nobody edits a status."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from accounts import actions, emails, hooks
from accounts.forms import BirthField
from accounts.letters import MAX_LETTERS, letters_context, letters_pdf
from accounts.models import Agent, Commune, CredentialAct, User
from accounts.reads.search import people_asked, rows_found
from accounts.roles import LETS_DO, Role
from accounts.rules import MAX_REASON, NoWayToReset
from accounts.standing import COMPLETE, STARTED, standing, standing_of
from common.addresses import read_id
from common.admin import CommunesAdmin, ManagersOnly, OwnChoices, RefusableAdmin
from common.files.pdf import PdfUnavailable
from common.refusals import Refusal
from common.values.phones import PhoneField
from common.writing.once import make_key

Status = User.Status
PENDING_FIRST = Case(When(status=Status.PENDING, signed_up_at__isnull=False, then=Value(0)), default=Value(1))
ACTS_SHOWN = 20
REASON_EXAMPLE = "(votre motif)"


class StatusFilter(admin.SimpleListFilter):
    """« En attente » is what waits for an agent; a sign-up left half-way is told apart."""

    title = "statut"
    parameter_name = "statut"

    def lookups(self, request, model_admin):
        return [("a-valider", COMPLETE.label), ("inacheve", STARTED.label), *Status.choices[1:]]

    def queryset(self, request, queryset):
        if self.value() in ("a-valider", "inacheve"):
            return queryset.filter(status=Status.PENDING, signed_up_at__isnull=self.value() == "inacheve")
        return queryset.filter(status=self.value()) if self.value() else queryset


class ReasonForm(forms.Form):
    """Why an account is refused."""

    reason = forms.CharField(
        label="Motif, tel que la personne le lira", max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 4})
    )


class UserForm(forms.ModelForm):
    """What agents correct of an account."""

    birth_date = BirthField()
    phone = PhoneField()


@admin.register(User)
class UserAdmin(CommunesAdmin):
    """Accounts of the agent's communes, those that wait first."""

    list_display = ["full_name", "email", "identifier", "commune", "state", "signed_up_at"]
    list_filter = [StatusFilter, ("commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["commune"]
    list_per_page = 50
    search_fields = ["pk"]
    search_help_text = "Nom, téléphone, adresse e-mail ou identifiant"
    actions = ["validate_selected", "print_letters"]
    form = UserForm
    change_form_template = "admin/accounts/user_form.html"
    fields = [
        ("state", "actor"),
        ("decided_at", "decided_by"),
        "refusal_reason",
        ("identifier", "email"),
        ("gender", "first_name", "last_name"),
        "birth_date",
        "phone",
        ("address", "postcode", "city"),
        "commune",
        ("date_joined", "signed_up_at", "last_login"),
    ]
    readonly_fields = [
        "state",
        "actor",
        "decided_at",
        "decided_by",
        "refusal_reason",
        "identifier",
        "email",
        "date_joined",
        "signed_up_at",
        "last_login",
    ]

    def get_queryset(self, request):
        people = User.objects.of_agent(request.user).residents()
        return people.alias(waits=PENDING_FIRST).order_by("waits", "-signed_up_at", "pk")

    def get_search_results(self, request, queryset, search_term):
        return rows_found(queryset, search_term, people_asked), False

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Comptes usagers"} | (extra_context or {}))

    def has_add_permission(self, request):
        return False

    @admin.display(description="nom", ordering="last_name")
    def full_name(self, user):
        return f"{user.last_name} {user.first_name}"

    @admin.display(description="statut", ordering="status")
    def state(self, user):
        return standing(user.status, user.signed_up_at is not None).label

    @admin.display(description="à qui d’agir")
    def actor(self, user):
        return standing_of(user).actor

    def get_urls(self):
        pages = [
            ("<id:pk>/valider/", self.validate_view),
            ("<id:pk>/refuser/", self.refuse_view),
            ("<id:pk>/lien/", self.reset_view),
            ("courriers/", self.letters_view),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"accounts_user_{route.split('/')[-2]}")
            for route, view in pages
        ]
        return own + super().get_urls()

    def person(self, request, pk):
        """The account of an own page; a stranger's is not found."""
        user = self.get_queryset(request).filter(pk=pk).first()
        if user is None or not self.has_change_permission(request, user):
            raise Http404
        return user

    def validate_view(self, request, pk):
        """Open one account; the email that will leave is shown first."""
        user = self.person(request, pk)
        if request.method == "POST":
            return self._decide(request, user, actions.validate_account, "Compte validé", {})
        email = emails.preview_validated(user)
        return self._page(request, user, "Valider ce compte", {"email": email, "button": "Valider le compte"})

    def refuse_view(self, request, pk):
        """Refuse one account with a reason."""
        user, form = self.person(request, pk), ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._decide(request, user, actions.refuse_account, "Compte refusé", form.cleaned_data)
        email = emails.preview_refused(user, REASON_EXAMPLE)
        context = {"email": email, "form": form, "button": "Refuser le compte", "dangerous": True}
        return self._page(request, user, "Refuser ce compte", context)

    def reset_view(self, request, pk):
        """« Proposer un nouveau mot de passe »: a link leaves to the person; the agent sees nothing of it."""
        user, purpose = self.person(request, pk), "Proposer un nouveau mot de passe"
        if request.method == "POST":
            try:
                actions.offer_reset(agent=request.user, user=user, key=request.POST.get("once_key", ""))
                messages.success(request, f"Un lien est parti à {user.email}. Il sert une fois, dans les 2 heures.")
            except NoWayToReset as refusal:
                messages.error(request, str(refusal))
            return redirect("admin:accounts_user_change", user.pk)
        key = make_key(request.user.owner, actions.offering(user))
        return self.page(request, "accounts/offer_reset", purpose, user_shown=user, once_key=key)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """With what agents did about the person's way in, and what they can do now."""
        user = self.get_object(request, object_id)
        more = {"is_to_activate": user and User.objects.to_activate().filter(pk=user.pk).exists()}
        more["credential_acts"] = user and user.credential_acts.select_related("agent")[:ACTS_SHOWN]
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def _decide(self, request, user, action, word, arguments):
        """Run the action; a second click finds it done and says the same."""
        try:
            if action(agent=request.user, user=user, **arguments):
                self.log_change(request, user, word)
            messages.success(request, f"{word} : {user}.")
        except Refusal as refusal:
            messages.error(request, str(refusal))
        return redirect(reverse("admin:accounts_user_changelist"))

    def _page(self, request, user, title, context):
        shown = {"form": None, "email": None, "user_shown": user, "standing": standing_of(user)} | context
        return self.page(request, "accounts/decide", title, **shown)

    @admin.action(description="Valider les comptes choisis", permissions=["change"])
    def validate_selected(self, request, queryset):
        """Open several accounts at once, after a page that names them."""
        waiting = queryset.filter(status=Status.PENDING, signed_up_at__isnull=False)
        if "confirmed" in request.POST:
            opened = actions.validate_accounts(agent=request.user, users=waiting)
            self.log_change(request, request.user, f"{opened} comptes validés")
            messages.success(request, f"Comptes validés : {opened}.")
            return None
        left_out = queryset.count() - waiting.count()
        title = "Valider les comptes choisis"
        return self.page(request, "accounts/validate_selected", title, waiting=waiting, left_out=left_out)

    @admin.action(description="Imprimer des courriers d’activation", permissions=["change"])
    def print_letters(self, request, queryset):
        """Lead to the page that prints, with the chosen accounts."""
        return self._letters_page(request, queryset)

    def letters_view(self, request):
        """Print activation letters; the page first names the people, since older letters stop working."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        numbers = map(read_id, request.POST.getlist("ids") or request.GET.getlist("ids"))
        people = self.get_queryset(request).filter(pk__in=filter(None, numbers))
        if "once_key" not in request.POST:
            return self._letters_page(request, people)
        try:
            codes = actions.make_codes(agent=request.user, users=people, key=request.POST["once_key"])
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:accounts_user_changelist")
        return self._printed(request, letters_context(codes))

    def _letters_page(self, request, people):
        chosen, people = people.count(), people.to_activate()
        if people.count() > MAX_LETTERS:
            messages.warning(request, f"Un tirage compte au plus {MAX_LETTERS} courriers : les premiers sont montrés.")
        key = make_key(request.user.owner, actions.LETTERS)
        title = "Imprimer des courriers d’activation"
        context = {"people": people[:MAX_LETTERS], "left_out": chosen - people.count()}
        return self.page(request, "accounts/letters", title, once_key=key, **context)

    def _printed(self, request, letters):
        """The codes are made: they are shown once, as a PDF or else as a page to print."""
        try:
            pdf = letters_pdf(letters)
        except PdfUnavailable:
            return self.page(request, "accounts/letters_print", "Courriers d’activation", **letters)
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = 'attachment; filename="courriers-activation.pdf"'
        return response


@admin.register(Commune)
class CommuneAdmin(ManagersOnly, RefusableAdmin):
    list_display = ["name", "insee_code", "zone"]
    list_filter = ["zone"]
    search_fields = ["name", "insee_code"]

    def has_delete_permission(self, request, obj=None):
        return False

    def save_related(self, request, form, formsets, change):
        """What is open for booking follows the commune's calendar, at once."""
        super().save_related(request, form, formsets, change)
        if change and {"zone", "has_protestant_church", "insee_code"} & set(form.changed_data):
            hooks.calendar_changed(commune=form.instance)


class AgentForm(forms.ModelForm):
    """An agent signs in by email, then proves a second factor; a new one has no right until a role is ticked."""

    email = forms.EmailField(label="Adresse e-mail")
    roles = forms.MultipleChoiceField(label="Rôles", required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Agent
        fields = ["first_name", "last_name", "email", "communes", "roles", "groups", "is_active", "is_superuser"]
        labels = {"groups": "équipes", "is_superuser": "gère tout le portail"}
        help_texts = {"groups": "Qui a une équipe et aucune commune ne fait que le travail de son équipe."}
        widgets = {"groups": forms.CheckboxSelectMultiple}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [(role, f"{role.label} : {LETS_DO[role]}") for role in Role]

    def clean_email(self):
        return self.cleaned_data["email"].lower()

    def clean_communes(self):
        """Who only gives roles names some of their own communes."""
        chosen = self.cleaned_data["communes"]
        if "groups" not in self.fields and not chosen:
            raise forms.ValidationError("Choisissez au moins une commune.")
        return chosen


@admin.register(Agent)
class AgentAdmin(OwnChoices, admin.ModelAdmin):
    """Agents, their communes and roles: for those who manage the portal, and of its communes for a « gestionnaire »."""

    form = AgentForm
    list_display = ["__str__", "email", "shown_roles", "shown_communes", "is_active", "is_superuser"]
    search_fields = ["last_name", "first_name", "email"]

    def get_queryset(self, request):
        """A « gestionnaire » keeps agents whose every commune is theirs; never themselves, nor who manages all."""
        rows = super().get_queryset(request).filter(is_staff=True).prefetch_related("communes")
        if request.user.is_superuser:
            return rows
        elsewhere = Commune.objects.exclude(pk__in=request.user.communes.all()).filter(agents=OuterRef("pk"))
        own = rows.filter(~Exists(elsewhere), communes__in=request.user.communes.all(), is_superuser=False, groups=None)
        return own.exclude(pk=request.user.pk).distinct()

    def get_fields(self, request, obj=None):
        own = ["first_name", "last_name", "email", "communes", "roles", "is_active"]
        return self.form.Meta.fields if request.user.is_superuser else own

    @admin.display(description="rôles")
    def shown_roles(self, agent):
        return ", ".join(Role(role).label for role in agent.roles)

    @admin.display(description="communes")
    def shown_communes(self, agent):
        return ", ".join(commune.name for commune in agent.communes.all())

    def save_model(self, request, obj, form, change):
        """A new agent chooses their password with « Mot de passe oublié ? »; nobody writes it for them."""
        obj.is_staff, obj.status = True, Status.VALIDATED
        if not change:
            obj.set_unusable_password()
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if change and "email" in form.changed_data:
                actions.note_act(obj, CredentialAct.Kind.EMAIL, request.user, form.initial["email"])

    def has_delete_permission(self, request, obj=None):
        return False
