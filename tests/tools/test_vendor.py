import hashlib

from tools.vendor import STATIC, SUMS, sums


def test_what_is_vendored_is_what_was_fetched():
    assert SUMS.read_text(encoding="utf-8") == sums()


def test_the_checksums_are_of_the_files_bytes():
    first = SUMS.read_text(encoding="utf-8").splitlines()[0]
    digest, name = first.split("  ")
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest


def test_each_vendored_package_comes_with_its_licence():
    folders = [folder for folder in (STATIC / "vendor").iterdir() if folder.is_dir()]
    assert sorted(folder.name for folder in folders) == ["atkinson", "bootstrap", "bootstrap-icons", "htmx"]
    assert all((folder / "LICENSE").read_text(encoding="utf-8").strip() for folder in folders)
