from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("comptes/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
