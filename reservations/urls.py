from django.urls import path

from reservations import views

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
    path("mes-reservations/<int:pk>/annuler/", views.cancel, name="cancel"),
    path("commandes/", views.orders, name="orders"),
    path("commandes/<int:pk>/", views.order, name="order"),
]
