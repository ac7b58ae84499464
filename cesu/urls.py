from django.urls import path

from cesu import views, views_access

app_name = "cesu"

urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("connexion/", views_access.login, name="login"),
    path("espace/", views.home, name="home"),
]
