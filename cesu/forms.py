"""Forms of the employers' space."""

from accounts.allauth_forms import LoginForm


class ManagerLoginForm(LoginForm):
    """S0-18: « référence client » and « mot de passe », not an email address."""

    WORDS = {
        "login": ("Référence client", "Gestionnaire secondaire : votre identifiant."),
        "password": ("Mot de passe", ""),
    }
