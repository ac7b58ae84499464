from django.urls import path

from services import views

app_name = "services"

urlpatterns = [
    path("", views.services, name="services"),
    path("<int:pk>/", views.ask, name="ask"),
    path("<int:pk>/pieces/", views.pieces, name="pieces"),
    path("documents/", views.documents, name="documents"),
    path("documents/<int:pk>/", views.download, name="download"),
    path("documents/<int:pk>/remplacer/", views.replace, name="replace"),
    path("formulaires/<int:pk>/", views.blank, name="blank"),
    path("mandat/", views.mandate, name="mandate"),
]
