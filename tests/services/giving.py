"""What families do in these tests: ask, give pieces; files as people send them."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from common.models import OutgoingEmail
from common.writing.once import make_key
from services.actions import ask_access, give_file, give_text
from services.actions.documents import purpose


def photo(name: str = "fiche.png") -> SimpleUploadedFile:
    """A small picture."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(content, "PNG")
    return SimpleUploadedFile(name, content.getvalue(), "image/png")


def word(name: str = "fiche.docx") -> SimpleUploadedFile:
    """What the portal refuses."""
    return SimpleUploadedFile(name, b"PK\x03\x04 a word processor's file")


def ask(user, service, choices=None, key=None, audience=None):
    """Ask for a service; for every member of the family in its first situation unless named."""
    situation = (audience or service.audiences.first()).pk
    choices = dict.fromkeys(user.guardian.family.members.values_list("pk", flat=True), situation) | (choices or {})
    return ask_access(user=user, service=service, choices=choices, key=ask_key(user, service) if key is None else key)


def ask_key(user, service) -> str:
    return make_key(user.owner, f"ask:{service.pk}")


def give(user, type, member=None, file=None, key=None, **fields):
    """Give a file."""
    key = key or make_key(user.owner, purpose(type, member))
    return give_file(user=user, type=type, member=member, file=file or photo(), key=key, **fields)


def type_in(user, type, text, member=None, key=None):
    """Give a typed piece."""
    return give_text(
        user=user, type=type, member=member, text=text, key=key or make_key(user.owner, purpose(type, member))
    )


def letters(user) -> list[str]:
    """The templates of the emails owed to a person, oldest first."""
    rows = OutgoingEmail.objects.filter(owner=user.owner).order_by("pk")
    return [row.template.removeprefix("services/") for row in rows]
