"""The browser of the tests is found, or its absence is told."""

import pytest

from tools import browser


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """An otherwise empty PATH: make programs with ``programs("chromium")``."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PORTAL_CHROMIUM", raising=False)

    def make(name):
        path = tmp_path / name
        path.touch(mode=0o755)
        return str(path)

    return make


def test_chromium_is_preferred_to_chrome(programs):
    chrome = programs("google-chrome")
    assert browser.chromium() == chrome
    assert browser.chromium() != programs("chromium") == browser.chromium()


def test_the_named_browser_wins(programs, monkeypatch):
    programs("chromium")
    monkeypatch.setenv("PORTAL_CHROMIUM", programs("mine"))
    assert browser.chromium().endswith("/mine")


def test_a_named_browser_that_does_not_exist_is_told(programs, monkeypatch):
    programs("chromium")
    monkeypatch.setenv("PORTAL_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(browser.NoBrowser, match="/nowhere/chromium is not a program"):
        browser.chromium()


def test_no_browser_is_told_with_the_line_to_run(programs):
    with pytest.raises(browser.NoBrowser, match="apt-get install chromium"):
        browser.chromium()
