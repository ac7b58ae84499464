from django.urls import path

from cesu import views, views_access, views_money, views_order_import, views_orders, views_people

app_name = "cesu"

urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("connexion/", views_access.login, name="login"),
    path("mot-de-passe/", views_access.forgotten, name="forgotten"),
    path("inscription/", views_access.sign_up, name="sign_up"),
    path("inscription/coordonnees/", views_access.sign_up_person, name="sign_up_person"),
    path("inscription/terminee/", views_access.sign_up_done, name="sign_up_done"),
    path("activation/<str:token>/", views_access.activate, name="activate"),
    path("espace/", views.home, name="home"),
    path("commandes/", views_orders.orders, name="orders"),
    path("commandes/tableau/", views_orders.table, name="table"),
    path("commandes/recapitulatif/", views_orders.recap, name="recap"),
    path("commandes/historique/", views_orders.history, name="history"),
    path("commandes/importer/", views_order_import.order_import, name="order_import"),
    path("commandes/importer/confirmer/", views_order_import.order_import_confirm, name="order_import_confirm"),
    path("commandes/importer/modele/", views_order_import.order_import_model, name="order_import_model"),
    path("commandes/<str:number>/", views_orders.order, name="order"),
    path("beneficiaires/", views_people.beneficiaries, name="beneficiaries"),
    path("beneficiaires/ajouter/", views_people.beneficiary_add, name="beneficiary_add"),
    path("beneficiaires/importer/", views_people.beneficiary_import, name="beneficiary_import"),
    path(
        "beneficiaires/importer/confirmer/", views_people.beneficiary_import_confirm, name="beneficiary_import_confirm"
    ),
    path("beneficiaires/importer/modele.csv", views_people.beneficiary_import_model, name="beneficiary_import_model"),
    path("beneficiaires/<id:pk>/", views_people.beneficiary_edit, name="beneficiary_edit"),
    path("beneficiaires/<id:pk>/archiver/", views_people.beneficiary_archive, name="beneficiary_archive"),
    path("beneficiaires/<id:pk>/retablir/", views_people.beneficiary_restore, name="beneficiary_restore"),
    path("documents/", views.documents, name="documents"),
    path("documents/<id:pk>/", views.document, name="document"),
    path("aide/", views.help, name="help"),
    path("coordonnees/", views_people.profile, name="profile"),
    path("coordonnees/ajouter/", views_people.manager_add, name="manager_add"),
    path("coordonnees/<id:pk>/retirer/", views_people.manager_remove, name="manager_remove"),
    path("coordonnees/<id:pk>/lien/", views_people.manager_resend, name="manager_resend"),
    path("commandes/<str:number>/facture/", views_money.invoice, name="invoice"),
    path("commandes/<str:number>/payer/", views_money.pay, name="pay"),
    path("commandes/<str:number>/payer/abandonner/", views_money.abandon, name="abandon"),
    path("paiements/<uuid:reference>/", views_money.payment, name="payment"),
    path("opposition/", views_money.oppositions, name="oppositions"),
    path("releve/", views_money.statement, name="statement"),
    path("beneficiaires/<id:pk>/attestation/<year:year>/", views_money.certificate, name="certificate"),
]
