from django.urls import path

from cesu.aid import views_access

app_name = "aid"

urlpatterns = [
    path("", views_access.funders, name="funders"),
    path("espace/", views_access.space, name="space"),
    path("<int:holder>/", views_access.home, name="home"),
    path("<slug:funder>/", views_access.welcome, name="welcome"),
    path("<slug:funder>/couleurs.css", views_access.colours, name="colours"),
    path("<slug:funder>/mode-d-emploi/", views_access.how_to, name="how_to"),
    path("<slug:funder>/donnees-personnelles/", views_access.privacy, name="privacy"),
]
