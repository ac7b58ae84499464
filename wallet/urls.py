from django.urls import path

from wallet import views

app_name = "wallet"
urlpatterns = [
    path("", views.wallet_statement, name="statement"),
    path("releve/<slug:code>/", views.wallet_statement, name="purse_statement"),
    path("recharger/", views.top_up, name="top_up"),
]
