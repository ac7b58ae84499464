"""What agents see and decide of the families and schools of their communes; each decision has its own page."""

from datetime import timedelta

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from common.addresses import read_id
from common.refusals import Refusal
from common.values.calendars import school_year_of
from common.values.dates import date_short
from families import actions
from families.admin.asked import AskedByFamily, file_link
from families.forms.households import ClassesForm, MemberForm, QuotientForm
from families.models import (
    Certification,
    Family,
    Guardian,
    Member,
    Membership,
    Quotient,
    School,
    SchoolClass,
    Schooling,
    is_certified,
)
from families.reads.search import rows_asked

PREPARED_BEFORE = timedelta(days=122)  # from May on, agents prepare the next school year
YEARS = range(2000, 2100)


class OfAgent(admin.ModelAdmin):
    """Rows and choices of the agent's communes only; nothing is deleted."""

    def get_queryset(self, request):
        return super().get_queryset(request).of_agent(request.user)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "school":
            kwargs["queryset"] = School.objects.of_agent(request.user).select_related("commune")
        if db_field.name == "commune" and not request.user.is_superuser:
            kwargs["queryset"] = request.user.communes.all()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request, obj=None):
        return False

    def own(self, request, pk):
        """The row of an own page; a stranger's row is not found."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def page(self, request, template, title, **context):
        """An admin page of ours, with the site's frame around it."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"admin/families/{template}.html", context)

    def obeyed(self, request, thing, word, form, action, **arguments) -> bool:
        """Run an action and note it in the journal; a refusal is told on the form."""
        try:
            action(agent=request.user, **arguments)
        except Refusal as refusal:
            form.add_error(None, refusal.sentences) if form else messages.error(request, str(refusal))
            return False
        self.log_change(request, thing, word)
        messages.success(request, f"{thing} : {word}.")
        return True


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_view_permission(self, request, obj=None):
        return True


class GuardianInline(ReadOnlyInline):
    model = Guardian
    fields = ["user", "since"]


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = ["member", "birth_date", "kinship", "withdrawn_at"]
    readonly_fields = ["birth_date"]

    @admin.display(description="date de naissance")
    def birth_date(self, membership):
        return date_short(membership.member.birth_date)


class QuotientInline(ReadOnlyInline):
    model = Quotient
    fields = ["value", "effective_from", "recorded_by", "recorded_at"]


class CertificationInline(ReadOnlyInline):
    model = Certification
    fields = ["school_year", "by", "at"]


@admin.register(Family)
class FamilyAdmin(AskedByFamily, OfAgent):
    """Families, found by name, by a member's or guardian's name, or by reference."""

    list_display = ["shown_name", "number", "commune", "adults", "people"]
    list_display_links = None
    list_filter = [("commune", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["commune"]
    list_per_page = 50
    family_path = "pk"
    fields = ["name", "commune", "parents_work", "number", "created_at"]
    readonly_fields = ["number", "created_at"]
    inlines = [GuardianInline, MembershipInline, QuotientInline, CertificationInline]
    change_form_template = "admin/families/family.html"

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("guardians__user", "memberships__member")

    def has_add_permission(self, request):
        return False

    @admin.display(description="famille", ordering="name")
    def shown_name(self, family):
        return file_link(family, family.name)

    @admin.display(description="référence", ordering="pk")
    def number(self, family):
        return family.reference

    @admin.display(description="responsables")
    def adults(self, family):
        return ", ".join(str(guardian.user) for guardian in family.guardians.all())

    @admin.display(description="bénéficiaires")
    def people(self, family):
        return ", ".join(each.member.first_name for each in family.memberships.all() if each.withdrawn_at is None)

    def get_urls(self):
        pages = {
            "beneficiaire": self.member_view,
            "quotient": self.quotient_view,
            "certifier": self.certify_view,
            "classes": self.classes_view,
            "relier": self.link_view,
        }
        own = [
            path(f"<id:pk>/{word}/", self.admin_site.admin_view(view), name=f"families_family_{word}")
            for word, view in pages.items()
        ]
        return own + super().get_urls()

    def member_view(self, request, pk):
        """Add a beneficiary, or correct the one named by ``?personne=``."""
        family, wanted = self.own(request, pk), read_id(request.GET.get("personne", ""))
        people = Membership.objects.of_family(family.pk).current()
        known = get_object_or_404(people, member=wanted) if wanted is not None else None
        initial = {"member": known.member, "kinship": known.kinship} if known else {}
        form = MemberForm(request.POST or None, **initial)
        if form.is_valid() and self._kept(request, family, known, form):
            return redirect("admin:family_file", pk)
        title = f"Corriger : {known.member}" if known else "Ajouter un bénéficiaire"
        return self.page(request, "form", title, family=family, form=form, people=people)

    def _kept(self, request, family, known, form) -> bool:
        details = {"family": family, **form.cleaned_data}
        if known is None:
            return self.obeyed(request, family, "bénéficiaire ajouté", form, actions.enter_member, **details)
        member = Member.objects.get(pk=known.member_id)
        return self.obeyed(
            request, family, "bénéficiaire corrigé", form, actions.correct_member, member=member, **details
        )

    def quotient_view(self, request, pk):
        """Record the quotient familial, from a date on."""
        family, form = self.own(request, pk), QuotientForm(request.POST or None)
        if form.is_valid() and self.obeyed(
            request, family, "quotient enregistré", form, actions.record_quotient, family=family, **form.cleaned_data
        ):
            return redirect("admin:family_file", pk)
        return self.page(request, "form", "Saisir un quotient familial", family=family, form=form)

    def certify_view(self, request, pk):
        """Certify a family's details at the counter, for this school year."""
        family = self.own(request, pk)
        if request.method == "POST":
            self.obeyed(request, family, "informations certifiées", None, actions.certify_for, family=family)
            return redirect("admin:family_file", pk)
        today = timezone.localdate()
        people = Membership.objects.of_family(family.pk).current().with_class(school_year_of(today))
        context = {"family": family, "memberships": people, "certified": is_certified(family, today)}
        return self.page(request, "certify", "Certifier les informations", **context)

    def classes_view(self, request, pk):
        """The school and class of each child, this school year or the next (``?annee=``)."""
        family, now = self.own(request, pk), school_year_of(timezone.localdate())
        year = now + 1 if request.GET.get("annee") == str(now + 1) else now
        people = Membership.objects.of_family(family.pk).current().with_class(year)
        children = [each for each in people if not each.is_adult]
        form = ClassesForm(request.POST or None, agent=request.user, memberships=children, school_year=year)
        if request.method == "POST" and form.is_valid():
            chosen = {"family": family, "school_year": year, "classes": form.classes()}
            if self.obeyed(request, family, "classes enregistrées", form, actions.set_classes, **chosen):
                return redirect("admin:family_file", pk)
        other = now if year > now else now + 1
        return self.page(request, "form", f"Classes {year}-{year + 1}", family=family, form=form, other_year=other)

    def link_view(self, request, pk):
        """Link a child of another family to this one: separated parents, each with their own account."""
        family = self.own(request, pk)
        wanted = read_id(request.POST.get("child", ""))
        if wanted is not None:
            child = get_object_or_404(Member, pk=wanted, families__in=self.get_queryset(request))
            self.obeyed(request, family, f"{child} relié", None, actions.link_child, family=family, member=child)
            return redirect("admin:family_file", pk)
        term = request.GET.get("q", "").strip()
        others = rows_asked(self.get_queryset(request), term, "pk").exclude(pk=family.pk)[:20] if term else []
        return self.page(
            request, "link", "Relier un enfant d’une autre famille", family=family, term=term, others=others
        )


@admin.register(School)
class SchoolAdmin(OfAgent):
    list_display = ["name", "commune"]
    list_select_related = ["commune"]
    search_fields = ["name"]
    change_form_template = "admin/families/school.html"

    def get_urls(self):
        view = self.admin_site.admin_view(self.roll_over_view)
        return [path("<id:pk>/passage/<year:year>/", view, name="families_roll_over"), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        from_year = school_year_of(timezone.localdate() + PREPARED_BEFORE) - 1
        may_move = request.user.has_perm("families.change_schoolclass")
        return super().change_view(request, object_id, form_url, {"from_year": from_year, "may_move": may_move})

    def roll_over_view(self, request, pk, year):
        """« Passage en classe supérieure »: what will happen, then one button."""
        if not request.user.has_perm("families.change_schoolclass"):
            raise PermissionDenied
        school = get_object_or_404(self.get_queryset(request), pk=pk)
        if year not in YEARS:
            raise Http404
        if request.method == "POST":
            told = {"school": school, "from_year": year}
            self.obeyed(request, school, f"passage en {year + 1}-{year + 2} effectué", None, actions.roll_over, **told)
            return redirect("admin:families_roll_over", pk, year)
        plan = actions.roll_over_plan(school, year)
        context = {"school": school, "plan": plan, "before": f"{year}-{year + 1}", "after": f"{year + 1}-{year + 2}"}
        return self.page(request, "roll_over", "Passage en classe supérieure", **context)


@admin.register(SchoolClass)
class SchoolClassAdmin(OfAgent):
    list_display = ["name", "level", "school", "school_year"]
    list_filter = ["school_year", ("school", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["school__commune"]
    search_fields = ["name", "school__name"]


@admin.register(Schooling)
class SchoolingAdmin(AskedByFamily, OfAgent):
    """Who is in which class; changed on the family's page « Classes »."""

    list_display = ["member", "school_class", "school_year"]
    list_filter = ["school_year", ("school_class__school", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["member", "school_class__school"]
    family_path, member_path = "member__memberships__family", "member"

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("families.view_schoolclass")

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
