"""What upper apps know about a family or a beneficiary: they register their answers in ``AppConfig.ready()``.

The answers about a beneficiary are asked while their row is locked ``FOR UPDATE``: a booking in progress, which holds
it (``actions.hold_members``), is waited for and then seen; one that comes later waits, then finds nobody to book.
"""

from common.hooks import Hook

# fn(*, member) -> bool: was something ever booked or asked for this person, by any family?
has_history = Hook()
# fn(*, family, member) -> int: how many bookings of this family for this person are still to come?
upcoming_bookings = Hook()
# fn(*, family) -> bool: does money or anything else stand on this family, so that it cannot be left for another?
family_has_history = Hook()
# fn(*, member) -> bool: has a service let this person in, in any of their families?
is_let_in = Hook()
# fn(*, agent) -> queryset of member pks: whom did a service of this agent let in?
let_in_by = Hook()
# fn(*, agent) -> queryset of member pks: whose health sheet may this agent read? Children of the agent's services only.
may_read_health = Hook()
