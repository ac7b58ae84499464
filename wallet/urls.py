from django.urls import path

from wallet import views, views_cards

app_name = "wallet"
urlpatterns = [
    path("", views.wallet_statement, name="statement"),
    path("releve/<slug:code>/", views.wallet_statement, name="purse_statement"),
    path("recharger/", views_cards.top_up, name="top_up"),
    path("paiement/<uuid:reference>/", views_cards.payment, name="payment"),
    path("paiement/<uuid:reference>/reprendre/", views_cards.resume, name="resume_payment"),
    path("paiement/<uuid:reference>/abandonner/", views_cards.abandon, name="abandon_payment"),
]
