from django.urls import path

from families import views

app_name = "families"
urlpatterns = [
    path("", views.members, name="members"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/classe/", views.school_class, name="school_class"),
    path("<int:pk>/supprimer/", views.remove, name="remove"),
    path("<int:pk>/reprendre/", views.restore, name="restore"),
    path("verifier/", views.certify, name="certify"),
    path("inviter/", views.invite, name="invite"),
    path("invitations/<int:pk>/retirer/", views.withdraw_invitation, name="withdraw_invitation"),
    path("invitation/<str:token>/", views.accept, name="accept"),
]
