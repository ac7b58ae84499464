import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")

import django

django.setup()

from tests.bench.run import main  # noqa: E402

main()
