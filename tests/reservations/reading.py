"""Reading the pages of bookings as a person does."""

import re
from html import unescape


def text(response):
    """The words of a page."""
    page = re.sub(r"<(script|style|svg).*?</\1>", "", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def ticked(response):
    """The days that a page sends when it is posted: the ticked boxes and the hidden ones."""
    page = response.content.decode()
    boxes = re.findall(r'name="jour" value="([\d-]+)"[^>]*? checked', page)
    return sorted(boxes + re.findall(r'type="hidden" name="jour" value="([\d-]+)"', page))


def offered_days(response):
    return re.findall(r'type="checkbox" name="jour" value="([\d-]+)"', response.content.decode())


def iso(*days):
    return [day.isoformat() for day in days]
