"""« Bénéficiaires »: added, corrected, archived; the form of their titles is their own choice."""

import re
from datetime import date

import pytest
from django.db import transaction
from django.urls import reverse

