"""Settings of the tests: the portal's own, on private PostgreSQL and Redis servers unless the environment names others."""

import os

from tools import local

for name, value in local.ensure("test", durable=False).items():
    os.environ.setdefault(name, value)
os.environ["PARVIS_DEMO"] = os.environ["PARVIS_DEBUG"] = ""  # whatever the shell is set to
os.environ["PARVIS_PREPARED"] = "yes"  # as pages do: the server is the stricter with the types of what it is given
os.environ.setdefault("PARVIS_PUBLIC_URL", "http://testserver")
os.environ.setdefault("PARVIS_SECRET_KEY", "tests")
os.environ.setdefault("PARVIS_LOG_LEVEL", "ERROR")
os.environ.setdefault("PARVIS_DOCUMENT_KEYS", "tests:" + "A" * 43 + "=")
os.environ.setdefault("PARVIS_DOCUMENTS_ROOT", str(local.LOCAL / "test" / "documents"))

from portal.settings import *  # noqa: E402, F403

ALLOWED_HOSTS = ["*"]
STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
os.makedirs(STATIC_ROOT, exist_ok=True)  # noqa: F405 -- WhiteNoise warns of a missing directory
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
DATABASES["default"]["TEST"] = {"NAME": "test_parvis" + os.environ.get("PYTEST_DB_SUFFIX", "")}  # noqa: F405
DATABASES["default"]["ENGINE"] = "tests.backend"  # noqa: F405
