"""A thumb on a phone: it counts what it must do, so that a way through the portal never grows longer unseen."""

from math import ceil

from playwright.sync_api import Locator, Page, ViewportSize

from tests.journeys.reading import click

SMALL: ViewportSize = {"width": 360, "height": 740}
SWIPE = 0.8  # of the screen: what one movement of the thumb brings up


class Thumb:
    """Taps on a page, and swipes to what it does not show yet; ``taps`` and ``swipes`` say how many so far."""

    def __init__(self, page: Page):
        self.page, self.taps, self.swipes = page, 0, 0

    def tap(self, part: Locator) -> None:
        """Bring the part on the screen, tap it, let the page that comes of it arrive."""
        self.swipes += self._swipes_to(part)
        self.taps += 1
        click(part)

    def link(self, name: str) -> None:
        self.tap(self.page.get_by_role("link", name=name, exact=True))

    def button(self, name: str) -> None:
        self.tap(self.page.get_by_role("button", name=name, exact=True))

    def _swipes_to(self, part: Locator) -> int:
        box, screen = part.bounding_box(), self.page.viewport_size["height"]
        return ceil(max(0, box["y"] + box["height"] - screen, -box["y"]) / (SWIPE * screen))
