from django.urls import path

from families import views, views_health

app_name = "families"
urlpatterns = [
    path("", views.members, name="members"),
    path("<id:pk>/", views.edit, name="edit"),
    path("<id:pk>/classe/", views.school_class, name="school_class"),
    path("<id:pk>/supprimer/", views.remove, name="remove"),
    path("<id:pk>/reprendre/", views.restore, name="restore"),
    path("<id:pk>/sante/", views_health.health, name="health"),
    path("<id:pk>/sante/modifier/", views_health.health_edit, name="health_edit"),
    path("<id:pk>/sante/contacts/ajouter/", views_health.contact_add, name="contact_add"),
    path("<id:pk>/sante/contacts/<id:contact>/", views_health.contact_edit, name="contact_edit"),
    path("<id:pk>/sante/contacts/<id:contact>/retirer/", views_health.contact_remove, name="contact_remove"),
    path("<id:pk>/sante/autorisations/", views_health.consents, name="consents"),
    path("verifier/", views.certify, name="certify"),
    path("inviter/", views.invite, name="invite"),
    path("invitations/<id:pk>/retirer/", views.withdraw_invitation, name="withdraw_invitation"),
    path("invitation/<str:token>/", views.accept, name="accept"),
]
