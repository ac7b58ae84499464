"""What upper apps know about a service: they register their answers in ``AppConfig.ready()``."""

from portal.lib.hooks import Hook

# fn(*, services) -> dict[int, str]: where families book these services (pks); those that offer nothing are left out
booking_addresses = Hook()
