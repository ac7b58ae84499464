from django.urls import path

from cesu import views, views_access

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
]
