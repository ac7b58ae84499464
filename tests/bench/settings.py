"""The portal's own settings for production, on databases of the bench's own; one page more, the empty one."""

import os

os.environ.setdefault("PARVIS_PUBLIC_URL", "http://testserver")
os.environ.setdefault("PARVIS_SECRET_KEY", "bench")
os.environ.setdefault("PARVIS_LOG_LEVEL", "ERROR")
os.environ.setdefault("PARVIS_DOCUMENT_KEYS", "bench:" + "A" * 43 + "=")
os.environ.setdefault("STRIPE_SECRET_KEY", "sk_test_bench")
os.environ.setdefault("STRIPE_WEBHOOK_SECRET", "whsec_bench")
os.environ.setdefault("PARVIS_STATIC_ROOT", ".local/bench/static")

from portal.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
