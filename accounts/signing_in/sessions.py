"""Sessions in PostgreSQL, as Django keeps them, read by SQL composed once: every page asks."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from common.writing.rows import Rows


class SessionStore(db.SessionStore):
    def _get_session_from_db(self):
        """The session that stands under this key, or None, and then the key is forgotten."""
        session = next((row for (row,) in _SESSION(self.session_key, timezone.now())), None)
        if session is None:
            self._session_key = None
        return session


_SESSION = Rows(
    "SELECT {session} FROM django_session session WHERE session_key = %s AND expire_date > %s", session=Session
)
