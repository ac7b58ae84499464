"""Settings of the portal: one file, everything that changes between installations comes from the environment.

A missing or wrong value stops the start with a sentence that says what to set.
"""

import base64
import hashlib
import os
from datetime import time
from pathlib import Path

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from common.documents.keys import read_keys

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str | None = None) -> str:
    """Return the environment variable, or the default; raise ImproperlyConfigured when it is needed and missing."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} in the environment (see README, « Settings »).")
    return value


def flag(name: str) -> bool:
    """Return whether the environment variable is one of 1, true, yes."""
    return env(name, "").lower() in ("1", "true", "yes")


DEMO = flag("PARVIS_DEMO")
DEBUG = flag("PARVIS_DEBUG")
PUBLIC_URL = env("PARVIS_PUBLIC_URL", "http://127.0.0.1:8000" if DEMO or DEBUG else None).rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
SECRET_KEY = env("PARVIS_SECRET_KEY", "demo-only-not-a-secret" if DEMO or DEBUG else None)
ALLOWED_HOSTS = env("PARVIS_ALLOWED_HOSTS", PUBLIC_URL.split("://")[-1].split(":")[0] + ",localhost").split(",")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "common",
    "accounts",
    "families",
    "services",
    "wallet",
    "reservations",
    "cesu",
    "portal.apps.PortalAdminConfig",
    "portal.apps.PortalConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "common.brakes.steady.SteadyMiddleware",  # outermost: its time covers what all others do
    "django.middleware.clickjacking.XFrameOptionsMiddleware",  # first, so that the 400 of a wrong host has them too
    "csp.middleware.CSPMiddleware",
    "portal.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.middleware.TextMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.IdleMiddleware",
    "accounts.middleware.BrowserMiddleware",
    "portal.middleware.PrivateMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.HistoryMiddleware",
    "portal.middleware.RefusalMiddleware",
    "accounts.middleware.GateMiddleware",
    "cesu.middleware.SpaceMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.page",
            ],
            "builtins": ["common.templatetags.components"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Data -------------------------------------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(env("DATABASE_URL"), conn_max_age=600, conn_health_checks=True)
    | {"ATOMIC_REQUESTS": False}
}
# Planning was half of what PostgreSQL did for a page: there, a statement met a third time on a connection is prepared.
# Jobs name thousands of rows in a statement, each to be planned for its own (docs/performance.md, « Plans »).
if flag("PARVIS_PREPARED"):
    DATABASES["default"].setdefault("OPTIONS", {}).update({"server_side_binding": True, "prepare_threshold": 2})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# allauth counts in « default »: a table where nothing living makes room for other entries, so nothing else belongs there.
# What may differ for a minute stays in the process.
CACHES = {
    "default": {"BACKEND": "common.brakes.rate_counts.RateCountCache"},
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "TIMEOUT": 30},
}
SESSION_ENGINE = "accounts.signing_in.sessions"
SESSION_COOKIE_AGE = 12 * 3600
KNOWN_COOKIE_NAME = "__Host-known" if HTTPS else "known"  # the browsers that signed in before
AGENT_IDLE_SECONDS = 3600  # an agent who does nothing for so long is signed out

# --- People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PortalBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.signing_in.passwords.StrongPasswordValidator"},
    {"NAME": "accounts.signing_in.passwords.UnguessableValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 3600 * 2

ACCOUNT_ADAPTER = "accounts.signing_in.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.signing_in.forms.LoginForm",
    "change_password": "accounts.signing_in.forms.ChangePasswordForm",
    "set_password": "accounts.signing_in.forms.SetPasswordForm",
    "reset_password": "accounts.signing_in.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.signing_in.forms.ResetPasswordKeyForm",
    "add_email": "accounts.signing_in.forms.AddEmailForm",
    "change_email": "accounts.signing_in.forms.ChangeEmailForm",
    "confirm_email_verification_code": "accounts.signing_in.forms.CodeForm",
    "reauthenticate": "accounts.signing_in.forms.ReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "accounts.signing_in.forms.MfaAuthenticateForm",
    "reauthenticate": "accounts.signing_in.forms.MfaReauthenticateForm",
    "activate_totp": "accounts.signing_in.forms.ActivateTotpForm",
    "add_webauthn": "accounts.signing_in.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.signing_in.forms.EditPasskeyForm",
}
ACCOUNT_RATE_LIMITS = {
    "activation": "10/m/ip,60/h/ip",
    "question": "20/m/ip,60/h/ip",
    "contact": "5/m/ip,20/h/ip",
    "review": "10/h/user",
    "employer": "10/m/ip,40/h/ip",
    "employer_link": "5/h/key",
    "aid": "10/m/ip,40/h/ip",
    "aid_link": "5/h/key",
    "aid_search": "30/h/user",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = "identifier"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False  # allauth offers it for new addresses only: the page would tell
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = int(env("PARVIS_TRUSTED_PROXIES", "0"))
MFA_ADAPTER = "accounts.signing_in.mfa.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Parvis"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO or DEBUG

# --- Language, time ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
FORMAT_MODULE_PATH = ["portal.formats"]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]  # what Django's admin says of « objets », in our words
TIME_ZONE = "Europe/Paris"
USE_I18N = True  # the texts of Django and allauth themselves
USE_TZ = True

# --- Files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env("PARVIS_STATIC_ROOT", str(BASE_DIR / ".local" / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a school year of days for several children in one form

# --- Documents --------------------------------------------------------------------------------------------------------
FILE_UPLOAD_HANDLERS = ["common.documents.handlers.BoundedMemoryHandler"]  # none that writes a temporary file
DATA_UPLOAD_MAX_NUMBER_FILES = 50  # beyond, a bomb: a 400 page; the handler refuses the sixth file with a sentence
DOCUMENTS_ROOT = env("PARVIS_DOCUMENTS_ROOT", str(BASE_DIR / ".local" / "documents"))
CLAMD = env("PARVIS_CLAMD", "")  # /path/of/socket or host:port; empty: no antivirus


def demo_document_key() -> str:
    """A key made from the secret key, good enough for data that are not real."""
    return "demo:" + base64.b64encode(hashlib.sha256(SECRET_KEY.encode()).digest()).decode()


def document_keys() -> dict[str, bytes]:
    """The keys that encrypt documents, newest first; raise ImproperlyConfigured when missing or wrong."""
    try:
        return read_keys(env("PARVIS_DOCUMENT_KEYS", demo_document_key() if DEMO or DEBUG else None))
    except ValueError as error:
        raise ImproperlyConfigured(f"PARVIS_DOCUMENT_KEYS (id:base64,…): {error}.") from None


DOCUMENT_KEYS = document_keys()

# --- Cards ------------------------------------------------------------------------------------------------------------
# Without both keys the portal takes no card and tells how to pay at the counter.
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRET = env("STRIPE_WEBHOOK_SECRET", "")
STRIPE_API_BASE = env("STRIPE_API_BASE", "https://api.stripe.com")
STRIPE_PAGE = env("STRIPE_PAGE", "https://checkout.stripe.com")  # where the payment page stands

# --- Security ---------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF, STRIPE_PAGE],  # a form whose answer redirects to the payment page
        "object-src": [NONE],
        "img-src": [SELF, "data:"],
    }
}
MESSAGE_STORAGE = (
    "django.contrib.messages.storage.session.SessionStorage"  # Django's own would name children in a cookie
)
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

# --- Emails -----------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env("PARVIS_FROM_EMAIL", "ne-pas-repondre@parvis.example")
DEMO_INBOX = BASE_DIR / ".local" / "demo" / "mail"
if DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DEMO_INBOX
else:
    EMAIL_HOST = env("PARVIS_SMTP_HOST", "localhost")
    EMAIL_PORT = int(env("PARVIS_SMTP_PORT", "25"))
    EMAIL_HOST_USER = env("PARVIS_SMTP_USER", "")
    EMAIL_HOST_PASSWORD = env("PARVIS_SMTP_PASSWORD", "")
    EMAIL_USE_TLS = flag("PARVIS_SMTP_TLS")
    EMAIL_TIMEOUT = 10  # seconds of silence; then the server is left alone for a while (common.brakes.breaker)

# --- Background work --------------------------------------------------------------------------------------------------
REDIS_URL = env("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
# A page that wakes the relay never waits for a broker that is down: PostgreSQL keeps what it owes. Without
# max_retries the first connection is tried again for 6 seconds, whatever the publisher asked for.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 2,
    "socket_connect_timeout": 1,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Each kind of work has its queue and its worker: one that hangs stops no other (docs/operations.md, « Processes »).
CELERY_TASK_ROUTES = {
    "common.tasks.*": {"queue": "mail"},
    "wallet.tasks.*": {"queue": "payments"},
    "reservations.tasks.*": {"queue": "bookings"},
    "cesu.tasks.*": {"queue": "documents"},
    "portal.tasks.*": {"queue": "nights"},
}
CELERY_TASK_SOFT_TIME_LIMIT = 900
CELERY_TASK_TIME_LIMIT = 1200
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
NIGHT = time(2, 10)  # local: when the night's jobs begin; a date that changes begins none


def every(seconds: int, task: str) -> dict:
    """A round; one that no worker took before the next is due is let go."""
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}


CELERY_BEAT_SCHEDULE = {
    "send-outgoing-emails": every(30, "common.tasks.send_outgoing_emails"),
    "reconcile-cards": every(600, "wallet.tasks.reconcile_cards"),
    "fabricate-cesu": every(300, "cesu.tasks.fabricate"),
    "tend-waiting-lists": every(300, "reservations.tasks.tend_waiting_lists"),
    "freeze-headcounts": every(300, "reservations.tasks.freeze_headcounts"),
    "nightly": {"task": "portal.tasks.nightly", "schedule": crontab(hour=NIGHT.hour, minute=NIGHT.minute)},
    "answers": {"task": "portal.tasks.answers", "schedule": crontab(minute=35)},
    "watchdog": {"task": "portal.tasks.nightly", "schedule": crontab(minute=40)},
}

# --- History, logs ----------------------------------------------------------------------------------------------------
PGHISTORY_APPEND_ONLY = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("PARVIS_LOG_LEVEL", "INFO")},
    "loggers": {
        "fontTools": {"level": "WARNING"},  # a hundred lines for each PDF
        "weasyprint": {"level": "ERROR"},  # the same, and what it thinks of fonts
        "weasyprint.progress": {"level": "ERROR"},
        "asyncssh": {"level": "WARNING"},  # a dozen for each delivery
    },
}
