"""What the account did: the history in real time, the hours statement of a month."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cesu.aid.forms.account import HistoryForm, month_asked
from cesu.aid.reads.access import aid_required
from cesu.aid.reads.balances import label_of
from cesu.aid.reads.history import KINDS, accounts_of, operations_of, worked_in
from cesu.models import Caregiver
from cesu.rules.aid import month_of
from common.documents.kinds import Kind
from common.documents.serving import document_response
from common.files.pdf import render_pdf
from common.models import authority
from common.values.dates import last_months, month_after

PAGE, MONTHS = 20, 24  # operations a page; months offered


@require_safe
@aid_required
def history(request):
    """« Historique »: what each account received, paid and gave back, the newest first (S1-8, S1-68)."""
    today, accounts = timezone.localdate(), accounts_of(request.holder)
    caregivers = list(Caregiver.objects.filter(payments__aid_account__in=accounts).distinct())
    form = HistoryForm(request.GET, accounts, caregivers)
    labels = {each.pk: label_of(each, today) for each in accounts}
    page = Paginator(operations_of(request.holder, form.filters()), PAGE).get_page(request.GET.get("page"))
    lines = [(line, labels[line.aid_account]) for line in page.object_list]
    context = {"page": page, "lines": lines, "form": form, "labels": labels.items()}
    context |= {"kinds": [(name, label) for name, (label, _) in KINDS.items()], "months": last_months(today, MONTHS)}
    return render(request, "aid/history.html", context)


@require_safe
@aid_required
def hours(request):
    """« Relevé d’heures » of a month, to declare before the 8th of the next one; with ``?pdf``, to print."""
    today = timezone.localdate()
    month = month_asked(request.GET.get("mois", "")) or month_of(today)
    people = worked_in(request.holder, month)
    context = {
        "month": month,
        "months": last_months(today, MONTHS),
        "people": people,
        "minutes": sum(each.minutes for each in people),
        "cents": sum(each.paid_cents for each in people),
        "declare_by": month_after(month).replace(day=8),
        "holder": request.holder,
    }
    if "pdf" not in request.GET:
        return render(request, "aid/hours.html", context)
    pdf = render_pdf("pdf/aid_hours.html", context | {"authority": authority(), "frame": request.frame, "today": today})
    return document_response(pdf, f"Relevé d’heures {month:%Y-%m}.pdf", Kind.PDF)
