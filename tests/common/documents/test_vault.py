"""Documents at rest and on their way out."""

import base64
import errno
import os
import stat
import subprocess
import sys
from datetime import timedelta

import pytest
from csp.middleware import CSPMiddleware
from django.http import HttpResponse

from common.documents import blobs, vault
from common.documents.keys import read_keys
from common.documents.kinds import Kind
from common.documents.refusals import DocumentMissing, DocumentUnreadable, StorageUnavailable
from common.documents.serving import document_response
from services.models import SupportingDocument
from tests.factories.families import parent_of
from tests.factories.services import DocumentTypeFactory
from tests.services.giving import give

DATA, JULIE, PAUL = b"Fiche sanitaire de Lou: allergie aux arachides", "family:12", "family:13"
OLD, NEW = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.DOCUMENTS_ROOT, settings.DOCUMENT_KEYS = tmp_path / "documents", {"2026": OLD}
    return settings.DOCUMENTS_ROOT


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def aged(path, hours: float):
    os.utime(path, times=(path.stat().st_mtime - hours * 3600,) * 2)


# Keeping


def test_what_is_stored_comes_back_and_nothing_of_it_stands_on_the_disk(root):
    key = vault.store(DATA, JULIE)
    (file,) = files(root)
    assert vault.open(key, JULIE) == DATA
    assert (file.name, DATA[:8] in file.read_bytes(), b"family" in file.read_bytes()) == (key, False, False)


def test_only_the_account_of_the_portal_reads_the_vault(root):
    vault.store(DATA, JULIE)
    (file,) = files(root)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (root, file.parent, file)]
    assert modes == [0o700, 0o700, 0o600]


def test_the_same_document_stored_twice_never_looks_the_same(root):
    assert vault.store(DATA, JULIE) != vault.store(DATA, JULIE)
    first, second = (path.read_bytes() for path in files(root))
    assert first[-len(DATA) :] != second[-len(DATA) :]


@pytest.mark.parametrize("data", [b"", bytes(10 * 1024 * 1024)])
def test_any_size_is_kept(data):
    assert vault.open(vault.store(data, JULIE), JULIE) == data


def test_a_document_opens_for_its_owner_only():
    key = vault.store(DATA, JULIE)
    with pytest.raises(DocumentUnreadable):
        vault.open(key, PAUL)


@pytest.mark.parametrize("owner", [JULIE, PAUL])
def test_a_blob_put_in_the_place_of_another_does_not_open(root, owner):
    key, other = vault.store(DATA, JULIE), vault.store(b"autre", owner)
    (root / key[:2] / key).write_bytes((root / other[:2] / other).read_bytes())
    with pytest.raises(DocumentUnreadable):
        vault.open(key, JULIE)


def test_a_single_changed_bit_anywhere_is_seen(root):
    key = vault.store(DATA, JULIE)
    (file,) = files(root)
    blob = file.read_bytes()
    for place in range(len(blob)):
        file.write_bytes(blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :])
        with pytest.raises(DocumentUnreadable):
            vault.open(key, JULIE)


@pytest.mark.parametrize("length", [0, 3, 4, 5, 12, 24, 40])
def test_a_cut_blob_is_seen(root, length):
    key = vault.store(DATA, JULIE)
    (file,) = files(root)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(DocumentUnreadable):
        vault.open(key, JULIE)


@pytest.mark.parametrize("key", ["0" * 32, "", "../../etc/passwd", "A" * 32, "0" * 31 + "/", "0" * 32 + "\n"])
def test_an_unknown_key_is_missing_never_a_path(key):
    with pytest.raises(DocumentMissing):
        vault.open(key, JULIE)


def test_a_deleted_document_is_gone_and_deleting_again_changes_nothing(root):
    key = vault.store(DATA, JULIE)
    vault.delete(key)
    vault.delete(key)
    assert files(root) == []
    with pytest.raises(DocumentMissing):
        vault.open(key, JULIE)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_keeps_neither_half_a_document_nor_a_trace(root, monkeypatch, step):
    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail) if step == "fsync" else monkeypatch.setattr(blobs.Path, "replace", fail)
    with pytest.raises(StorageUnavailable):
        vault.store(DATA, JULIE)
    assert files(root) == []


# Changing keys


def test_after_a_change_of_keys_old_documents_open_and_new_ones_take_the_new_key(settings, root):
    old = vault.store(DATA, JULIE)
    settings.DOCUMENT_KEYS = {"2027": NEW, "2026": OLD}
    new = vault.store(DATA, JULIE)
    assert [vault.open(key, JULIE) for key in (old, new)] == [DATA, DATA]
    assert [vault.rewrap(key, JULIE) for key in (old, new)] == [True, False]
    settings.DOCUMENT_KEYS = {"2027": NEW}
    assert [vault.open(key, JULIE) for key in (old, new)] == [DATA, DATA]
    assert len(files(root)) == 2


def test_without_its_key_a_document_does_not_open(settings):
    key = vault.store(DATA, JULIE)
    settings.DOCUMENT_KEYS = {"2027": NEW}
    with pytest.raises(DocumentUnreadable):
        vault.open(key, JULIE)
    with pytest.raises(DocumentUnreadable):
        vault.rewrap(key, JULIE)


def test_another_key_under_the_same_id_does_not_open(settings):
    key = vault.store(DATA, JULIE)
    settings.DOCUMENT_KEYS = {"2026": NEW}
    with pytest.raises(DocumentUnreadable):
        vault.open(key, JULIE)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_keys_are_read_newest_first():
    keys = read_keys(f"2027:{encoded(NEW)}, 2026:{encoded(OLD)},")
    assert list(keys.items()) == [("2027", NEW), ("2026", OLD)]


@pytest.mark.parametrize(
    "text",
    ["", ",", "2026", "2026:", f":{encoded(OLD)}", "2026:abcd", "2026:****", f"a b:{encoded(OLD)}",
     f"2026:{encoded(OLD)},2026:{encoded(NEW)}", f"2026:{encoded(OLD[:16])}"],
)  # fmt: skip
def test_keys_that_are_wrong_say_so(text):
    with pytest.raises(ValueError, match=r"key|id"):
        read_keys(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Set PARVIS_DOCUMENT_KEYS in the environment"),
        ({"PARVIS_DOCUMENT_KEYS": "2026:abcd"}, "key 2026 is not 32 bytes in base64"),
        ({"PARVIS_DOCUMENT_KEYS": "2026:" + encoded(OLD)}, ""),
        ({"PARVIS_DEMO": "1"}, ""),
    ],
)
def test_the_portal_does_not_start_without_keys_for_documents(given, said):
    needed = {"PARVIS_PUBLIC_URL": "http://x", "PARVIS_SECRET_KEY": "x", "REDIS_URL": "redis://x"}
    environment = {"DATABASE_URL": "postgresql://x/x", **needed, **given}
    ran = subprocess.run(
        [sys.executable, "-c", "import portal.settings"], env=environment, capture_output=True, text=True
    )
    assert (ran.returncode == 0, said in ran.stderr) == (not said, True)


# Sweeping


def test_the_sweeper_takes_old_blobs_that_no_row_names_and_unfinished_writings(root):
    known, orphan, young = (vault.store(DATA, JULIE) for _ in range(3))
    unfinished = root / orphan[:2] / f"{orphan}-00c0ffee.part"
    unfinished.write_bytes(b"half")
    for path in (root / known[:2] / known, root / orphan[:2] / orphan, unfinished):
        aged(path, hours=25)
    assert vault.sweep({known}) == [orphan, unfinished.name]
    assert {path.name for path in files(root)} == {known, young}
    assert vault.sweep([known]) == []


def test_the_sweeper_leaves_time_for_a_row_to_come():
    with pytest.raises(ValueError, match="for a row to come"):
        vault.sweep([], older_than=timedelta(minutes=59))


def test_the_sweeper_finds_nothing_in_a_vault_that_was_never_used():
    assert vault.sweep([]) == []


# Serving


def test_a_document_leaves_as_a_download_that_nothing_runs_shows_or_keeps():
    answer = document_response(DATA, "Fiche de Zoé « 2026 ».pdf", Kind.PDF)
    assert (answer.content, dict(answer.headers)) == (
        DATA,
        {
            "Content-Type": "application/pdf",
            "Content-Disposition": "attachment; filename*=utf-8''Fiche%20de%20Zo%C3%A9%20%C2%AB%202026%20%C2%BB.pdf",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@pytest.mark.parametrize(("kind", "mime"), [("pdf", "application/pdf"), ("jpeg", "image/jpeg"), ("png", "image/png")])
def test_a_document_is_served_as_the_kind_that_was_stored(kind, mime):
    assert document_response(DATA, "a", kind)["Content-Type"] == mime


def test_the_portal_keeps_the_stricter_policy_of_a_document(rf):
    policies = [
        CSPMiddleware(lambda request, answer=answer: answer)(rf.get("/"))["Content-Security-Policy"]
        for answer in (document_response(DATA, "a", Kind.PDF), HttpResponse())
    ]
    assert policies[0] == "default-src 'none'; sandbox"
    assert policies[1] != policies[0]


# A place that is full or cannot be written to


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO], ids=errno.errorcode.get)
def test_a_place_that_takes_nothing_is_a_sentence_and_no_part_stays(root, monkeypatch, fault):
    kept = vault.store(DATA, JULIE)

    def fail(descriptor):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable, match="réessayez"):
        vault.store(b"another", JULIE)
    monkeypatch.undo()
    assert [path.name for path in files(root)] == [kept]
    assert vault.open(kept, JULIE) == DATA


@pytest.mark.django_db
def test_a_piece_that_cannot_be_stored_is_told_and_no_row_names_it(settings, tmp_path):
    """A place that cannot be made: the folder's name is a file's, as good as read-only for whoever writes, root too."""
    (tmp_path / "full").write_bytes(b"")
    settings.DOCUMENTS_ROOT = tmp_path / "full"
    parent = parent_of()
    with pytest.raises(StorageUnavailable):
        give(parent, DocumentTypeFactory())
    assert not SupportingDocument.objects.exists()
