from django.urls import path

from families import views, views_health

app_name = "families"
urlpatterns = [
    path("", views.members, name="members"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/classe/", views.school_class, name="school_class"),
    path("<int:pk>/supprimer/", views.remove, name="remove"),
    path("<int:pk>/reprendre/", views.restore, name="restore"),
    path("<int:pk>/sante/", views_health.health, name="health"),
    path("<int:pk>/sante/modifier/", views_health.health_edit, name="health_edit"),
    path("<int:pk>/sante/contacts/ajouter/", views_health.contact_add, name="contact_add"),
    path("<int:pk>/sante/contacts/<int:contact>/", views_health.contact_edit, name="contact_edit"),
    path("<int:pk>/sante/contacts/<int:contact>/retirer/", views_health.contact_remove, name="contact_remove"),
    path("<int:pk>/sante/autorisations/", views_health.consents, name="consents"),
    path("verifier/", views.certify, name="certify"),
    path("inviter/", views.invite, name="invite"),
    path("invitations/<int:pk>/retirer/", views.withdraw_invitation, name="withdraw_invitation"),
    path("invitation/<str:token>/", views.accept, name="accept"),
]
