"""Take the README's screenshots from a running demo: ``make demo``, then ``.venv/bin/python -m tools.screenshots``."""

import sys
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from portal.demo.data import PASSWORD
from tools.browser import chromium

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
NEXT_MONTH = f"{(date.today().replace(day=1) + timedelta(32)):%Y-%m}"
CALENDAR = f"/reservations/activite/cantine-saint-marcel/?mois={NEXT_MONTH}"


def main(address: str) -> None:
    """Sign in as the demo's parent and photograph the pages at 1280 and 360 px."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for width in (1280, 360):
            page = browser.new_page(viewport={"width": width, "height": 900}, locale="fr-FR")
            page.goto(f"{address}/comptes/login/")
            page.fill("[name=login]", "claire.dupont@demo.example")
            page.fill("[name=password]", PASSWORD)
            page.get_by_role("button", name="Connexion").last.click()
            page.wait_for_url("**/mon-compte/")
            shoot(page, "account", width)
            page.goto(address + CALENDAR)
            for number in (0, 1):
                page.locator("label.pv-day.is-open").nth(number).click()
            page.locator("#recap dl").wait_for()
            shoot(page, "calendar", width)
            page.locator("button[name=ajouter]:visible").last.click()
            page.wait_for_url("**/panier/")
            shoot(page, "cart", width)
        browser.close()


def shoot(page, name: str, width: int) -> None:
    page.screenshot(path=IMAGES / f"{name}-{width}.png", full_page=width > 1000)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
