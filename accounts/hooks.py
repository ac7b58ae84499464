"""What upper apps know about a person: they register their answers in ``AppConfig.ready()``."""

from common.hooks import Hook

# fn(*, user) -> bool: does another software of the town hall learn this person's details only from the next night on?
is_transmitted = Hook()
# fn(*, commune): the school zone or the public holidays of a commune changed
calendar_changed = Hook()
# fn(*, user) -> str | None: the address of the person's own space, for those who have no family space
space_of = Hook()
# fn(*, user) -> str: what the services let the person's family do today, one of accounts.standing.Access
access_of = Hook()
