from django.urls import path

from wallet.views import cards, sepa, statement

app_name = "wallet"
urlpatterns = [
    path("", statement.wallet_statement, name="statement"),
    path("releve/<slug:code>/", statement.wallet_statement, name="purse_statement"),
    path("recharger/", cards.top_up, name="top_up"),
    path("prelevement/", sepa.direct_debit, name="direct_debit"),
    path("paiement/<uuid:reference>/", cards.payment, name="payment"),
    path("paiement/<uuid:reference>/reprendre/", cards.resume, name="resume_payment"),
    path("paiement/<uuid:reference>/abandonner/", cards.abandon, name="abandon_payment"),
]
