from django.urls import path

from cesu.aid.views import access, account, payments, people

app_name = "aid"

urlpatterns = [
    path("", access.funders, name="funders"),
    path("espace/", access.space, name="space"),
    path("<id:holder>/", access.home, name="home"),
    path("formulaire-affiliation/", payments.affiliation, name="affiliation"),
    path("<id:holder>/payer/", payments.pay, name="pay"),
    path("<id:holder>/payer/<id:caregiver>/", payments.amounts, name="amounts"),
    path("<id:holder>/payer/<id:caregiver>/confirmer/", payments.confirm, name="confirm"),
    path("<id:holder>/paiements/<uuid:reference>/", payments.payment, name="payment"),
    path("<id:holder>/paiements/<uuid:reference>/justificatif/", payments.proof, name="proof"),
    path("<id:holder>/paiements/<uuid:reference>/carte/", payments.card, name="card"),
    path("<id:holder>/historique/", account.history, name="history"),
    path("<id:holder>/releve-d-heures/", account.hours, name="hours"),
    path("<id:holder>/proches/", people.helpers, name="helpers"),
    path("<id:holder>/proches/<id:pk>/retirer/", people.helper_revoke, name="helper_revoke"),
    path(
        "<id:holder>/proches/invitations/<id:pk>/retirer/",
        people.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("<id:holder>/coordonnees/", people.profile, name="profile"),
    path("invitation/<str:token>/", people.invitation, name="invitation"),
    path("activation/<str:token>/", access.activate, name="activate"),
    path("confirmation/<str:token>/", access.confirm_access, name="confirm_access"),
    path("nouveau-mot-de-passe/<str:token>/", access.new_password, name="new_password"),
    path("<slug:funder>/", access.welcome, name="welcome"),
    path("<slug:funder>/inscription/", access.sign_up, name="sign_up"),
    path("<slug:funder>/inscription/adresse/", access.sign_up_email, name="sign_up_email"),
    path("<slug:funder>/inscription/message/", access.sign_up_done, name="sign_up_done"),
    path("<slug:funder>/mot-de-passe/", access.forgotten, name="forgotten"),
    path("<slug:funder>/couleurs.css", access.colours, name="colours"),
    path("<slug:funder>/mode-d-emploi/", access.how_to, name="how_to"),
    path("<slug:funder>/contact/", access.contact, name="contact"),
    path("<slug:funder>/donnees-personnelles/", access.privacy, name="privacy"),
]
