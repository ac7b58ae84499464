"""The shape of a page as it stands, at each width that its readers have: what is too wide, too small, covered or cut off."""

from playwright.sync_api import Page, ViewportSize

from tests.journeys.conftest import DESKTOP, PHONE

LAPTOP: ViewportSize = {"width": 1024, "height": 768}
WIDE: ViewportSize = {"width": 1440, "height": 900}
SIZES = [PHONE, DESKTOP]
AGENTS_SIZES = [PHONE, LAPTOP, DESKTOP, WIDE]
AGENTS = "/admin/"

# A list may scroll in a box of its own below this width; from here on it is seen whole.
WHOLE_LISTS_FROM = 1280

SHAPE = """(wholeFrom) => {
    const shown = part => part.checkVisibility({checkVisibilityCSS: true}) && !part.closest(".visually-hidden, .pv-skip");
    const all = selector => [...document.querySelectorAll(selector)].filter(shown);
    const said = part => (part.innerText || part.value || part.className || part.tagName).trim().split("\\n")[0].slice(0, 40);
    const style = part => getComputedStyle(part);
    const boxes = part => { const line = document.createRange(); line.selectNodeContents(part); return [...line.getClientRects()]; };
    const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    const above = function* (part) { for (let up = part.parentElement; up; up = up.parentElement) yield up; };
    const floats = part => [part, ...above(part)].some(up => ["fixed", "sticky"].includes(style(up).position));
    const closed = part => [...above(part)].some(up => up.offsetWidth <= 1);  // the head of a table that is read as cards
    const scrolls = part => part.scrollWidth > part.clientWidth + 1;

    const small = all(".pv-main :is(button, a.btn, .pv-cross, .pv-day:has(input), .form-control), .pv-header .btn, .pv-tabs a, .pv-menu > summary")
        .filter(part => part.getBoundingClientRect().height < 43.5)
        .map(part => said(part) + " " + Math.round(part.getBoundingClientRect().height));

    const titles = all("h1, main h2, main h3").map(part => [part, boxes(part)]);
    const buttons = all("main :is(button, .btn, .button, input[type=submit], .object-tools a, .pv-act)").filter(part => !floats(part));
    const covered = titles.flatMap(([title, lines]) => buttons
        .filter(button => !title.contains(button) && lines.some(line => meet(line, button.getBoundingClientRect())))
        .map(button => said(button) + " over " + said(title)));

    // a cell may be scrolled to, in a box of its own: one that holds no title
    const lost = cell => {
        let edge = cell.getBoundingClientRect();
        for (const box of above(cell)) {
            const flow = style(box).overflowX;
            if (flow === "visible" || box === document.body) continue;
            const frame = box.getBoundingClientRect(), out = edge.right > frame.right + 1 || edge.left < frame.left - 1;
            if (out && (["hidden", "clip"].includes(flow) || box.querySelector("h1"))) return true;
            if (out) edge = frame;
        }
        return edge.right > innerWidth + 1;
    };
    const cut = all("main td, main th").filter(cell => !closed(cell)).filter(lost).map(said);
    const scrolled = innerWidth < wholeFrom ? [] : all("#changelist .results").filter(scrolls)
        .map(box => "wider by " + (box.scrollWidth - box.clientWidth));

    const title = document.querySelector("h1");
    return {
        h1: document.querySelectorAll("h1").length, main: document.querySelectorAll("main").length,
        title: document.title.length > 5, lang: document.documentElement.lang,
        wider: document.documentElement.scrollWidth - innerWidth, small,
        primary: all("main .btn-primary, .pv-bar .btn-primary").length > 1,
        covered: [...new Set(covered)], cut: [...new Set(cut)].slice(0, 5), scrolled,
        low: Boolean(title) && title.getBoundingClientRect().top + scrollY > 0.6 * innerHeight,
    };
}"""
GOOD = {"h1": 1, "main": 1, "title": True, "lang": "fr", "wider": 0, "small": [], "primary": False}
GOOD |= {"covered": [], "cut": [], "scrolled": [], "low": False}

# What a visitor who needs larger letters sets: all text twice as large.
DOUBLE = """() => {
    const root = document.documentElement;
    root.style.fontSize = 2 * parseFloat(getComputedStyle(root).fontSize) + "px";
    const wider = root.scrollWidth - innerWidth;
    root.style.removeProperty("font-size");
    return wider;
}"""


def shape_faults(page: Page) -> list[str]:
    """What is wrong with the page's shape, at each width of its readers and, for the public, in letters twice as large."""
    page.wait_for_load_state()
    stands = page.viewport_size
    of_agents = AGENTS in page.url
    faults = [fault for size in (AGENTS_SIZES if of_agents else SIZES) for fault in _faults_at(page, size)]
    if not of_agents:
        faults += _faults_in_large_letters(page)
    page.set_viewport_size(stands)
    return faults


def _faults_at(page, size):
    page.set_viewport_size(size)
    shape = page.evaluate(SHAPE, WHOLE_LISTS_FROM)
    return [f"{size['width']} px, {what}: {shape[what]}" for what, good in GOOD.items() if shape[what] != good]


def _faults_in_large_letters(page):
    page.set_viewport_size(PHONE)
    wider = page.evaluate(DOUBLE)
    return [f"{PHONE['width']} px in letters twice as large, wider: {wider}"] if wider else []
