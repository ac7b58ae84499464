"""What every page shows: the authority, the tabs, the wallet's balance."""

from portal.lib.models import authority


def page(request):
    """Context of base.html."""
    return {"authority": authority()}
