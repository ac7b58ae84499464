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
        from reservations.reads import for_lower_apps
        from services.hooks import booking_addresses, kept_blobs, services_free_to_book, services_on_credit
        from wallet import checks, purposes

        calendar_changed.register(refresh_commune)
        is_transmitted.register(for_lower_apps.is_transmitted)
        hooks.has_history.register(for_lower_apps.has_history)
        hooks.upcoming_bookings.register(for_lower_apps.upcoming_bookings)
        hooks.family_has_history.register(for_lower_apps.family_has_history)
        booking_addresses.register(for_lower_apps.booking_addresses)
        services_on_credit.register(for_lower_apps.services_on_credit)
        services_free_to_book.register(for_lower_apps.services_free_to_book)
        kept_blobs.register(kept_proofs)
        checks.register(for_lower_apps.check_bookings)
        purposes.register(PURPOSE, CartPayment())
