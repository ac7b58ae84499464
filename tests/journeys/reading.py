"""What a person reads on a page, as plain text."""

import re

from playwright.sync_api import Locator, Page


def plain(text: str) -> str:
    """The text with every run of spaces, unbreakable ones too, as one space."""
    return re.sub(r"\s+", " ", text).strip()


def read(where: Locator) -> str:
    """What is visible of an element."""
    return plain(where.inner_text())


def read_all(where: Locator) -> list[str]:
    """What is visible of each element, in order."""
    return [plain(text) for text in where.all_inner_texts()]


def columns(where: Locator) -> list[str]:
    """The titles of the columns of the first table."""
    return read_all(where.locator("table").first.locator("thead th"))


def rows(where: Locator, table: int = 0) -> list[list[str]]:
    """The cells of a table's body, row by row."""
    found = where.locator("table").nth(table).locator("tbody tr")
    return [read_all(row.locator("th, td")) for row in found.all()]


def footer(where: Locator, table: int = 0) -> list[list[str]]:
    """The cells of a table's foot, without the empty ones."""
    found = where.locator("table").nth(table).locator("tfoot tr")
    return [[cell for cell in read_all(row.locator("th, td")) if cell] for row in found.all()]


def day(page: Page, label: str) -> Locator:
    """The box of a day that can be picked: « jeudi 18 mars »."""
    return page.get_by_role("checkbox", name=re.compile(f"^{label},"))


def tick(page: Page, *labels: str) -> None:
    """Tick days."""
    for label in labels:
        day(page, label).check()


def untick(page: Page, *labels: str) -> None:
    """Take the tick of days away."""
    for label in labels:
        day(page, label).uncheck()


def click(part: Locator) -> None:
    """Click, and let the page that comes of it arrive whole."""
    part.click()
    part.page.wait_for_load_state()


def press(page: Page, name: str) -> None:
    """Press the visible button of this name."""
    click(page.get_by_role("button", name=name, exact=True).locator("visible=true"))


def follow(page: Page, name: str) -> None:
    """Click the visible link of this name."""
    click(page.get_by_role("link", name=name, exact=True).locator("visible=true"))


def choose_in_menu(page: Page, name: str) -> None:
    """Follow this entry of the menu, which is folded on a phone."""
    menu = page.get_by_role("navigation", name="Mon espace")
    if (folded := menu.get_by_text("Menu", exact=True)).is_visible():
        folded.click()
    click(menu.get_by_role("link", name=name, exact=True))


def title(page: Page) -> str:
    """The page's one heading of the first level."""
    return read(page.locator("h1"))


def messages(page: Page) -> list[str]:
    """What the portal says on top of the page."""
    return read_all(page.locator(".pv-message"))


def balance(page: Page) -> str:
    """The wallet's balance, at the top right of every page."""
    return read(page.locator(".pv-wallet b"))
