"""The ways into the employers' space."""

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required

from cesu.forms import ManagerLoginForm


class ManagerLogin(LoginView):
    """allauth's login with the words and the page of guide 000."""

    template_name = "cesu/login.html"

    def get_form_class(self):
        return ManagerLoginForm


login = login_not_required(ManagerLogin.as_view())
