import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
os.environ.setdefault("PARVIS_PREPARED", "yes")  # the pages are measured in this process

import django

django.setup()

from tests.bench.run import main  # noqa: E402

main()
