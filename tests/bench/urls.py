from django.shortcuts import render
from django.urls import path

from portal.urls import urlpatterns as portal


def empty(request):
    """The empty signed-in page: the whole stack, the session, the person, the header of a family, and nothing more."""
    return render(request, "base.html")


urlpatterns = [path("vide/", empty), *portal]
