"""« Calendrier »: a commune’s year at a glance, and a day corrected once what it touches was read."""

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from accounts.models import Commune
from common.refusals import Refusal, told_to_agent
from common.values.calendars import CalendarUnknown, school_year_of, sources
from common.values.dates import date_short
from common.writing.once import make_key
from reservations.actions.calendars import Correction, DatesUnclear, correct_days, foresee
from reservations.admin.accounting import page
from reservations.models import CalendarDay
from reservations.reads.year import read_year

AHEAD = 2  # school years that are offered after the current one
DATE = {"format": "%Y-%m-%d", "attrs": {"type": "date"}}
SHOWN = 100  # bookings named one by one


class WhereForm(forms.Form):
    """Whose calendar, and which school year."""

    commune = forms.ModelChoiceField(label="Commune", queryset=Commune.objects.none(), empty_label=None)
    annee = forms.TypedChoiceField(label="Année scolaire", coerce=int)

    def __init__(self, data, *, agent):
        own = Commune.objects.filter(services__isnull=False).distinct() if agent.is_superuser else agent.communes.all()
        now = school_year_of(timezone.localdate())
        defaults = {"commune": str(own.values_list("pk", flat=True).first() or ""), "annee": str(now)}
        super().__init__(defaults | {name: data[name] for name in defaults if data.get(name)})
        self.fields["commune"].queryset = own
        self.fields["annee"].choices = [(year, f"{year}-{year + 1}") for year in range(now - 1, now + AHEAD + 1)]


class CorrectionForm(forms.Form):
    """Which days are otherwise than published, and why."""

    du = forms.DateField(label="Du", widget=forms.DateInput(**DATE))
    au = forms.DateField(
        label="Au", required=False, widget=forms.DateInput(**DATE), help_text="Inclus. Vide : ce seul jour."
    )
    nature = forms.ChoiceField(
        label="Ce jour est",
        required=False,
        choices=[*CalendarDay.Nature.choices, ("", "Comme publié : retirer la correction")],
    )
    motif = forms.CharField(label="Motif", max_length=120, help_text="L’arrêté, la décision du recteur, l’usage local…")

    def __init__(self, data, *, commune):
        super().__init__(data)
        self.commune = commune

    def clean(self):
        data = super().clean()
        if not self.errors:
            first, last = data["du"], data["au"] or data["du"]
            try:
                self.correction = Correction(self.commune, first, last, data["nature"], data["motif"])
            except DatesUnclear as refusal:
                raise forms.ValidationError(refusal.sentences) from None
        return data


def calendar_page(request):
    """A GET shows the year and what a correction would do; a POST does it."""
    data = request.POST or request.GET
    where = WhereForm(data, agent=request.user)
    if not where.is_valid():
        return page(request, "calendar", "Calendrier", where=where, year=None, form=None)
    commune, number = where.cleaned_data["commune"], where.cleaned_data["annee"]
    form = CorrectionForm(data if "du" in data else None, commune=commune)
    correction = form.correction if form.is_bound and form.is_valid() else None
    if correction and request.method == "POST" and _done(request, correction, form):
        return redirect(f"{reverse('admin:calendar')}?commune={commune.pk}&annee={number}")
    context = _told(request, correction, form) | _year(commune, number)
    return page(request, "calendar", "Calendrier", where=where, form=form, commune=commune, **context)


def _year(commune: Commune, number: int) -> dict:
    try:
        return {"year": read_year(commune, number), "sources": sources()}
    except CalendarUnknown as refusal:
        return {"year": None, "refusal": refusal.sentences}


def _told(request, correction: Correction | None, form: CorrectionForm) -> dict:
    """What the correction would do, with the key that confirms it."""
    if correction is None:
        return {"effect": None}
    try:
        effect = foresee(correction)
    except Refusal as refusal:
        if not form.errors:
            form.add_error(None, refusal.sentences)
        return {"effect": None}
    key = make_key(request.user.owner, correction.purpose)
    return {"effect": effect, "correction": correction, "once_key": key, "shown": effect.touched[:SHOWN]}


def _done(request, correction: Correction, form: CorrectionForm) -> bool:
    done = told_to_agent(request, form, correct_days, correction=correction)
    if not done:
        return False
    said = f"Calendrier, {_span(correction)} : {dict(form.fields['nature'].choices)[correction.nature]}"
    LogEntry.objects.log_actions(
        request.user.pk,
        [correction.commune],
        CHANGE,
        change_message=f"{said}. Motif : {correction.reason}",
        single_object=True,
    )
    messages.success(
        request,
        f"C’est corrigé. Journées nouvelles : {done['made']}, retirées : {done['dropped']}, "
        f"réservées et à fermer : {done['kept']}.",
    )
    return True


def _span(correction: Correction) -> str:
    first, last = date_short(correction.first), date_short(correction.last)
    return f"le {first}" if first == last else f"du {first} au {last}"


def pages() -> list:
    """The addresses of these pages; the site of the agents lets only agents in."""
    return [path("calendrier/", calendar_page, name="calendar")]
