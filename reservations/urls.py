from django.urls import path, re_path

from reservations import views, views_absences, views_following, views_money, views_reminders, views_waiting
from reservations.histories import CONSUMPTIONS, PAYMENTS

app_name = "reservations"

urlpatterns = [
    path("", views.selection, name="selection"),
    path("rubrique/<str:kind>/", views.products, name="products"),
    path("activite/<slug:slug>/", views.activity_calendar, name="calendar"),
    path("activite/<slug:slug>/semaine-type/", views.typical_week, name="typical_week"),
    path("panier/", views.cart, name="cart"),
    path("panier/retirer/", views.remove, name="remove"),
    path("demandes/", views.request_recap, name="request"),
    path("demandes/abandonner/", views.abandon, name="abandon"),
    path("mes-reservations/", views.bookings, name="bookings"),
    path("mes-reservations/calendrier/", views.agenda, name="agenda"),
    path("mes-reservations/<id:pk>/annuler/", views.cancel, name="cancel"),
    path("rappels/", views_reminders.reminders, name="reminders"),
    path("absences/", views_absences.absences, name="absences"),
    path("absences/<id:pk>/", views_absences.absence, name="absence"),
    path("suivi/", views_following.following, name="following"),
    path("suivi/agenda/", views_following.calendar_address, name="calendar_address"),
    path("agenda/<str:token>.ics", views_following.feed, name="feed"),
    path("suivi.pdf", views_following.following_pdf, name="following_pdf"),
    path("liste-d-attente/<id:pk>/", views_waiting.waiting_place, name="waiting_place"),
    path("commandes/", views.orders, name="orders"),
    path("commandes/<id:pk>/", views.order, name="order"),
    path("commandes/<id:pk>/paiement/", views_money.offer_payment, name="offer_payment"),
    path("soldes-et-paiements/", views_money.balances, name="balances"),
    path("soldes-et-paiements/paiement-cb/", views_money.card_payment, name="card_payment"),
    path("historiques/", views_money.monthly_history, {"kind": CONSUMPTIONS}, name="history"),
    path("historiques/reglements/", views_money.monthly_history, {"kind": PAYMENTS}, name="payments"),
    re_path(
        rf"^historiques/(?P<kind>{CONSUMPTIONS}|{PAYMENTS})\.(?P<form>pdf|csv)$",
        views_money.monthly_history,
        name="history_file",
    ),
    path("historiques/recus/<slug:source>-<id:pk>.pdf", views_money.payment_receipt, name="receipt"),
    path("historiques/attestations/", views_money.tax_certificates, name="certificates"),
    path("historiques/attestations/<year:year>.pdf", views_money.tax_certificate, name="certificate"),
]
