from django.urls import path

from cesu.aid import views_access, views_account, views_payment, views_people

app_name = "aid"

urlpatterns = [
    path("", views_access.funders, name="funders"),
    path("espace/", views_access.space, name="space"),
    path("<id:holder>/", views_access.home, name="home"),
    path("formulaire-affiliation/", views_payment.affiliation, name="affiliation"),
    path("<id:holder>/payer/", views_payment.pay, name="pay"),
    path("<id:holder>/payer/<id:caregiver>/", views_payment.amounts, name="amounts"),
    path("<id:holder>/payer/<id:caregiver>/confirmer/", views_payment.confirm, name="confirm"),
    path("<id:holder>/paiements/<uuid:reference>/", views_payment.payment, name="payment"),
    path("<id:holder>/paiements/<uuid:reference>/justificatif/", views_payment.proof, name="proof"),
    path("<id:holder>/paiements/<uuid:reference>/carte/", views_payment.card, name="card"),
    path("<id:holder>/historique/", views_account.history, name="history"),
    path("<id:holder>/releve-d-heures/", views_account.hours, name="hours"),
    path("<id:holder>/proches/", views_people.helpers, name="helpers"),
    path("<id:holder>/proches/<id:pk>/retirer/", views_people.helper_revoke, name="helper_revoke"),
    path(
        "<id:holder>/proches/invitations/<id:pk>/retirer/",
        views_people.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("<id:holder>/coordonnees/", views_people.profile, name="profile"),
    path("invitation/<str:token>/", views_people.invitation, name="invitation"),
    path("activation/<str:token>/", views_access.activate, name="activate"),
    path("confirmation/<str:token>/", views_access.confirm_access, name="confirm_access"),
    path("nouveau-mot-de-passe/<str:token>/", views_access.new_password, name="new_password"),
    path("<slug:funder>/", views_access.welcome, name="welcome"),
    path("<slug:funder>/inscription/", views_access.sign_up, name="sign_up"),
    path("<slug:funder>/inscription/adresse/", views_access.sign_up_email, name="sign_up_email"),
    path("<slug:funder>/inscription/message/", views_access.sign_up_done, name="sign_up_done"),
    path("<slug:funder>/mot-de-passe/", views_access.forgotten, name="forgotten"),
    path("<slug:funder>/couleurs.css", views_access.colours, name="colours"),
    path("<slug:funder>/mode-d-emploi/", views_access.how_to, name="how_to"),
    path("<slug:funder>/contact/", views_access.contact, name="contact"),
    path("<slug:funder>/donnees-personnelles/", views_access.privacy, name="privacy"),
]
