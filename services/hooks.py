"""What upper apps know about a service: they register their answers in ``AppConfig.ready()``."""

from common.hooks import Hook

# fn(*, services) -> dict[int, str]: where families book these services (pks); those that offer nothing are left out
booking_addresses = Hook()
# fn() -> QuerySet of pks: the services of which something is debited only after it was booked
services_on_credit = Hook()
# fn() -> QuerySet of pks: the services where any validated family books something without asking first
services_free_to_book = Hook()
# fn() -> set[str]: names of the vault's contents that an app's own rows name; the sweep leaves them
kept_blobs = Hook()
