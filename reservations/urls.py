from django.urls import path, re_path

from reservations.reads.books.consumption import CONSUMPTIONS, PAYMENTS
from reservations.views import (
    absences,
    bookings,
    calendar,
    cancelling,
    cart,
    following,
    money,
    reminders,
    waiting,
    week,
)

app_name = "reservations"

urlpatterns = [
    path("", calendar.selection, name="selection"),
    path("rubrique/<str:kind>/", calendar.products, name="products"),
    path("activite/<slug:slug>/", calendar.activity_calendar, name="calendar"),
    path("activite/<slug:slug>/semaine-type/", calendar.typical_week, name="typical_week"),
    path("panier/", cart.cart, name="cart"),
    path("panier/retirer/", cart.remove, name="remove"),
    path("semaine/", week.week, name="week"),
    path("semaine/reservee/<id:pk>/", week.week_done, name="week_done"),
    path("demandes/", cart.request_recap, name="request"),
    path("demandes/abandonner/", cart.abandon, name="abandon"),
    path("mes-reservations/", bookings.bookings, name="bookings"),
    path("mes-reservations/calendrier/", bookings.agenda, name="agenda"),
    path("mes-reservations/plusieurs-jours/", cancelling.cancel_days, name="cancel_days"),
    path("mes-reservations/<id:pk>/annuler/", bookings.cancel, name="cancel"),
    path("rappels/", reminders.reminders, name="reminders"),
    path("absences/", absences.absences, name="absences"),
    path("absences/<id:pk>/", absences.absence, name="absence"),
    path("suivi/", following.following, name="following"),
    path("suivi/agenda/", following.calendar_address, name="calendar_address"),
    path("agenda/<str:token>.ics", following.feed, name="feed"),
    path("suivi.pdf", following.following_pdf, name="following_pdf"),
    path("liste-d-attente/<id:pk>/", waiting.waiting_place, name="waiting_place"),
    path("commandes/", bookings.orders, name="orders"),
    path("commandes/<id:pk>/", bookings.order, name="order"),
    path("commandes/<id:pk>/paiement/", money.offer_payment, name="offer_payment"),
    path("soldes-et-paiements/", money.balances, name="balances"),
    path("soldes-et-paiements/paiement-cb/", money.card_payment, name="card_payment"),
    path("historiques/", money.monthly_history, {"kind": CONSUMPTIONS}, name="history"),
    path("historiques/reglements/", money.monthly_history, {"kind": PAYMENTS}, name="payments"),
    re_path(
        rf"^historiques/(?P<kind>{CONSUMPTIONS}|{PAYMENTS})\.(?P<form>pdf|csv)$",
        money.monthly_history,
        name="history_file",
    ),
    path("historiques/recus/<slug:source>-<id:pk>.pdf", money.payment_receipt, name="receipt"),
    path("historiques/attestations/", money.tax_certificates, name="certificates"),
    path("historiques/attestations/<year:year>.pdf", money.tax_certificate, name="certificate"),
]
