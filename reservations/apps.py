from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"
    verbose_name = "Réservations"

    def ready(self):
        from accounts.hooks import calendar_changed, is_transmitted
        from families import hooks
        from reservations.actions.calendars import refresh_commune
        from reservations.actions.card_checkout import PURPOSE, CartPayment
        from reservations.actions.days.absences import kept_proofs
        from reservations.reads import ties
        from services.hooks import booking_addresses, kept_blobs, services_on_credit
        from wallet import checks, purposes

        calendar_changed.register(refresh_commune)
        is_transmitted.register(ties.is_transmitted)
        hooks.has_history.register(ties.has_history)
        hooks.upcoming_bookings.register(ties.upcoming_bookings)
        hooks.family_has_history.register(ties.family_has_history)
        booking_addresses.register(ties.booking_addresses)
        services_on_credit.register(ties.services_on_credit)
        kept_blobs.register(kept_proofs)
        checks.register(ties.check_bookings)
        purposes.register(PURPOSE, CartPayment())
