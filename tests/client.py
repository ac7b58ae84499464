"""The visitor of the tests: runs what waits for the commit and looks at every page for slips of the pen."""

import re

from django.test import Client, TestCase

from accounts.signing_in import mfa

SLIPS = ("{{", "{%", " onclick=", " style=", "<script>", "None €")


class PortalClient(Client):
    """A visitor of the portal."""

    def request(self, **request):
        with TestCase.captureOnCommitCallbacks(execute=True):
            response = super().request(**request)
        is_page = response.get("Content-Type", "").startswith("text/html") and not response.streaming
        if is_page and not request["PATH_INFO"].startswith("/admin/"):
            page = response.content.decode()
            for slip in SLIPS:
                assert slip not in page, f"{slip!r} in {request['PATH_INFO']}"
        return response

    def login_agent(self, agent):
        """Sign an agent in with a second factor proven in this session."""
        self.force_login(agent)
        mfa.prove(self.session, agent)


def once_keys(response) -> list[str]:
    """Return the idempotency keys that a page's forms carry, in order."""
    return re.findall(r'name="once_key" value="([^"]+)"', response.content.decode())
