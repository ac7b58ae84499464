from django.urls import path

from services import views

app_name = "services"

urlpatterns = [
    path("", views.services, name="services"),
    path("<id:pk>/", views.ask, name="ask"),
    path("<id:pk>/pieces/", views.pieces, name="pieces"),
    path("documents/", views.documents, name="documents"),
    path("documents/<id:pk>/", views.download, name="download"),
    path("documents/<id:pk>/remplacer/", views.replace, name="replace"),
    path("formulaires/<id:pk>/", views.blank, name="blank"),
    path("mandat/", views.mandate, name="mandate"),
]
