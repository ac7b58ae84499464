from django.urls import path

from accounts import views

urlpatterns = [
    path("en-attente/", views.waiting, name="waiting"),
    path("en-attente/nouvel-examen/", views.ask_again, name="ask_again"),
    path("activation/", views.activation, name="activation"),
    path("profil/", views.profile, name="profile"),
    path("profil/modifier/", views.edit_profile, name="profile_edit"),
    path("messages/", views.message_list, name="account_messages"),
    path("messages/<int:pk>/", views.message, name="account_message"),
]
