from django.urls import path

from accounts import views

urlpatterns = [
    path("en-attente/", views.waiting, name="waiting"),
    path("en-attente/nouvel-examen/", views.ask_again, name="ask_again"),
    path("activation/", views.activation, name="activation"),
    path("profil/", views.profile, name="profile"),
    path("profil/modifier/", views.edit_profile, name="profile_edit"),
    path("profil/question/", views.security_question, name="security_question"),
    path("profil/question/retirer/", views.remove_security_question, name="security_question_remove"),
    path("question/<str:uid>/<str:token>/", views.answer_question, name="answer_question"),
    path("messages/", views.message_list, name="account_messages"),
    path("messages/<id:pk>/", views.message, name="account_message"),
]
