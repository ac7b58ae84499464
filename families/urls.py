from django.urls import path

from families.views import health, households

app_name = "families"
urlpatterns = [
    path("", households.members, name="members"),
    path("<id:pk>/", households.edit, name="edit"),
    path("<id:pk>/classe/", households.school_class, name="school_class"),
    path("<id:pk>/supprimer/", households.remove, name="remove"),
    path("<id:pk>/reprendre/", households.restore, name="restore"),
    path("<id:pk>/sante/", health.health, name="health"),
    path("<id:pk>/sante/modifier/", health.health_edit, name="health_edit"),
    path("<id:pk>/sante/contacts/ajouter/", health.contact_add, name="contact_add"),
    path("<id:pk>/sante/contacts/<id:contact>/", health.contact_edit, name="contact_edit"),
    path("<id:pk>/sante/contacts/<id:contact>/retirer/", health.contact_remove, name="contact_remove"),
    path("<id:pk>/sante/autorisations/", health.consents, name="consents"),
    path("verifier/", households.certify, name="certify"),
    path("inviter/", households.invite, name="invite"),
    path("invitations/<id:pk>/retirer/", households.withdraw_invitation, name="withdraw_invitation"),
    path("invitation/<str:token>/", households.accept, name="accept"),
]
