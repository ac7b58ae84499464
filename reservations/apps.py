from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"
    verbose_name = "Réservations"

    def ready(self):
        from accounts.hooks import calendar_changed, is_transmitted
        from families import hooks
        from reservations import history
        from reservations.actions.absences import kept_proofs
        from reservations.actions.calendars import refresh_commune
        from reservations.actions.card_checkout import PURPOSE, CartPayment
        from services.hooks import booking_addresses, kept_blobs, services_on_credit
        from wallet import checks, purposes

        calendar_changed.register(refresh_commune)
        is_transmitted.register(history.is_transmitted)
        hooks.has_history.register(history.has_history)
        hooks.upcoming_bookings.register(history.upcoming_bookings)
        hooks.family_has_history.register(history.family_has_history)
        booking_addresses.register(history.booking_addresses)
        services_on_credit.register(history.services_on_credit)
        kept_blobs.register(kept_proofs)
        checks.register(history.check_bookings)
        purposes.register(PURPOSE, CartPayment())
