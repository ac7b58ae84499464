"""The two pages on a bank's report: one reads it and shows what it would change, the other applies what was shown."""

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect

from common.refusals import Refusal
from common.writing.once import make_key
from wallet.actions.bank_reports import Preview
from wallet.forms.sepa import ReportForm

SEEN_FOR = 24 * 3600  # seconds that a preview may wait for its confirmation


class BankReportPages:
    """For a DecisionAdmin, whose ``pages`` take ``report_pages`` in; it says what its reports change."""

    report_pages = {"compte-rendu/": "report", "compte-rendu/appliquer/": "report_confirm"}
    report_permission = ""
    report_purpose = ""  # of the key and of the signature
    report_template = "wallet/bank_report"
    report_done = ""  # what is said once it is applied, with {number}

    def preview_report(self, agent, data: bytes) -> Preview:
        """What the report would change; raise a Refusal when it cannot be read."""
        raise NotImplementedError

    def apply_report(self, *, agent, codes: dict, key: str) -> int:
        """Reject what was shown, by reference; return how many."""
        raise NotImplementedError

    def report(self, request):
        """Read the bank's report and show what it would change; a second page confirms."""
        self.require(request, self.report_permission)
        form, preview, seen = ReportForm(request.POST or None, request.FILES or None), None, {}
        if form.is_valid():
            try:
                preview = self.preview_report(request.user, form.cleaned_data["file"].read())
            except Refusal as refusal:
                form.add_error("file", refusal.sentences)
        if preview and preview.codes:
            rows = signing.dumps([request.user.pk, preview.codes], salt=self.report_purpose, compress=True)
            seen = {"rows": rows, "once_key": make_key(request.user.owner, self.report_purpose)}
        title = "Rejets : compte rendu de la banque"
        return self.page(request, self.report_template, title, form=form, preview=preview, **seen)

    def report_confirm(self, request) -> HttpResponse:
        """Apply what the preview showed."""
        self.require(request, self.report_permission)
        try:
            codes = self._seen_by(request)
            number = self.apply_report(agent=request.user, codes=codes, key=request.POST.get("once_key", ""))
        except signing.BadSignature:
            messages.error(request, "Cette page est trop ancienne : choisissez de nouveau le fichier.")
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, self.report_done.format(number=number))
        return redirect(self.address("report"))

    def _seen_by(self, request) -> dict:
        """The codes as this agent saw them."""
        owner, codes = signing.loads(request.POST.get("rows", ""), salt=self.report_purpose, max_age=SEEN_FOR)
        if owner != request.user.pk:
            raise PermissionDenied
        return codes
