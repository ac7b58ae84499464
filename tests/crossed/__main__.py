import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ.setdefault("PYTEST_DB_SUFFIX", "_crossed")

import django

django.setup()

from tests.crossed.run import main  # noqa: E402

main()
