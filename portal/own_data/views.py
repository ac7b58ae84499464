"""« Mes données »: one ZIP with a page to read and the same as JSON."""

import io
import json
import zipfile

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST

from common.models import authority
from common.values.dates import date_short
from portal.own_data.reads import own_data


@require_POST
def my_data(request):
    """What the portal knows of the person who asks, and of their family; made anew each time, kept nowhere."""
    parts, today = own_data(request.user), date_short(timezone.localdate())
    told = {part.title: [dict(row) for row in part.rows] for part in parts}
    page = render_to_string("portal/my_data.html", {"parts": parts, "user": request.user, "authority": authority()})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mes-donnees.html", page)
        archive.writestr("mes-donnees.json", json.dumps(told, ensure_ascii=False, indent=1))
    response = HttpResponse(out.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"Mes données {today}.zip")
    return response
