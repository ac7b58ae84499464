from django.urls import path

from wallet import views, views_cards, views_sepa

app_name = "wallet"
urlpatterns = [
    path("", views.wallet_statement, name="statement"),
    path("releve/<slug:code>/", views.wallet_statement, name="purse_statement"),
    path("recharger/", views_cards.top_up, name="top_up"),
    path("prelevement/", views_sepa.direct_debit, name="direct_debit"),
    path("paiement/<uuid:reference>/", views_cards.payment, name="payment"),
    path("paiement/<uuid:reference>/reprendre/", views_cards.resume, name="resume_payment"),
    path("paiement/<uuid:reference>/abandonner/", views_cards.abandon, name="abandon_payment"),
]
