"""Every page, on a phone and on a desktop, by day and by night: axe-core finds nothing, nothing overflows, all is in reach."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.access import PAGES, answer_to, build_world, paths_of
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.every_page.shape import shape_faults

# The shape is looked at in both sizes each time; axe-core reads a wide screen in `make proof`.
each_size = pytest.mark.parametrize(
    "size", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.proof)], ids=["phone", "desktop"]
)
NOT_A_PAGE = {
    "services:blank",
    "cesu:document",
    "admin:cesu_aidtransferbatch_download",
    "admin:cesu_funder_returns_file",
    "admin:cesu_rightsimport_codes",
    "admin:cesu_caregiver_sample",
    "admin:cesu_rightsimport_sample",
    "admin:cesu_usefuldocument_download",
    "services:download",
    "reservations:history_file",
    "reservations:following_pdf",
    "reservations:feed",
    "reservations:receipt",
    "cesu:beneficiary_import_model",
    "cesu:order_import_model",
    "health",
    "security_txt",
    "cesu:invoice",
    "authority_css",
    "aid:affiliation",
    "aid:colours",
    "aid:proof",
    "admin:family_import_model",
    "admin:services_documenttype_telecharger",
    "admin:accounting_journal_csv",
    "admin:accounting_month_csv",
    "admin:accounting_month_pdf",
    "admin:figures_xlsx",
    "admin:headcounts_pdf",
    "admin:wallet_bankrefundbatch_download",
    "admin:wallet_directdebitrun_download",
    "admin:reservations_transmission_download",
    "admin:jsi18n",
}
# axe-core would ask for style sheets that others import at addresses which are not theirs, for a rule that is off.
AXE = """async (rules) => {
    const read = {resultTypes: ["violations", "incomplete"], preload: {assets: ["media"]}};
    const asked = {...read, ...(rules && {runOnly: {type: "rule", values: rules}})};
    const found = await axe.run(document, asked);
    const tell = kind => found[kind].flatMap(fault => fault.nodes.map(node => `${fault.id}: ${node.target.join(" ")}`));
    return [tell("violations"), tell("incomplete")];
}"""
SETTLED = "() => document.getAnimations().forEach(each => each.finish())"  # colours stop changing


@pytest.fixture
def world(clock, settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path
    return build_world()


def pages_of(world, visitor):
    """The pages that a visitor reads: those of the table that answer 200, and some in other states."""
    paths = paths_of(world)
    named = [name for name in PAGES if is_read(name, visitor) and name not in NOT_A_PAGE and is_ours(name, visitor)]
    return [paths[name] for name in named] + MORE.get(visitor, [])


OWN_SPACES = {"employer": "cesu:", "beneficiary": "aid:"}


def is_read(name, visitor):
    """Whether the page is there for this visitor, and nobody before them read the same; some read their own space only."""
    if answer_to(visitor, name) != "200":
        return False
    before = {"manager": "agent", "pending": "anonymous", "alone": "anonymous"}.get(visitor)
    return not (before and PAGES[name][before] == "200") and OWN_SPACES.get(visitor, "") in name


def is_ours(name, visitor):
    """The agents' pages for agents, the public's for the others."""
    return name.startswith("admin:") == (visitor in ("agent", "manager"))


MORE = {
    "anonymous": [
        "/informations/cookies/",
        "/informations/accessibilite/",
        "/informations/donnees-personnelles/",
    ],
    "parent": [
        "/mes-menus/?semaine=2026-01-05",
        "/reservations/activite/cantine-aiguilhe/?mois=2027-03",
        "/reservations/activite/cantine-aiguilhe/?mois=2027-07",
        "/reservations/rubrique/loisirs/",
        "/reservations/historiques/?mois=2027-04",
        "/reservations/soldes-et-paiements/?jusquau=2027-02-01",
    ],
    "manager": [
        "/admin/",
        "/admin/comptabilite/mois/",
        "/admin/comptabilite/journal/?jour=2027-02-01",
        *(f"/admin/chiffres/?vue={view}" for view in ("frequentation", "recettes", "demandes", "previsions")),
        "/admin/chiffres/?periode=dates&du=hier",
    ],
}


def faults_of(page):
    """What is wrong on the page as it stands, by day and by night, and what axe leaves to people's eyes."""
    faults = shape_faults(page)
    bring_axe(page)
    day, unsure = page.evaluate(AXE, None)
    page.emulate_media(color_scheme="dark")
    page.evaluate(SETTLED)
    night, unsure_at_night = page.evaluate(AXE, ["color-contrast", "link-in-text-block"])
    page.emulate_media(color_scheme="light")
    return faults + day + [f"at night, {fault}" for fault in night], {*unsure, *unsure_at_night}


def bring_axe(page):
    """axe-core on this page, and on all that its window opens from now on."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_init_script(AXE_SCRIPT)
        page.evaluate(AXE_SCRIPT)


def look_at(visit, page, paths):
    """Open each page: all faults, and all that axe leaves to people's eyes."""
    found, doubts = [], set()
    for path in paths:
        page.goto(path)
        told = len(visit.faults)
        faults, unsure = faults_of(page)
        found += [f"{path}: {fault}" for fault in faults]
        doubts |= unsure
        del visit.faults[told:]  # axe itself sets styles, which the policy refuses
    return found, doubts


VISITORS = ["anonymous", "pending", "alone", "parent", "agent", "manager", "employer", "beneficiary"]


@each_size
@pytest.mark.parametrize("visitor", VISITORS)
def test_every_page_is_accessible(visit, world, visitor, size, record_property):
    page = visit(world.people[visitor], "/informations/contact/", size=size)
    faults, doubts = look_at(visit, page, pages_of(world, visitor))
    record_property("left to people's eyes", sorted(doubts))
    print(*sorted(doubts), sep="\n")
    assert faults == []


def test_an_unknown_address_is_told_politely(visit, world):
    page = visit(path="/adresse-inconnue/")
    assert faults_of(page)[0] == []
    assert "Cette page n’existe pas" in page.locator("main").inner_text()
    visit.faults.clear()  # the browser notes the 404


WRONG = """<!doctype html><html lang="fr"><title>Une page fausse</title><style>
pre { width: 400px } button { height: 20px; transition: color 1s } @media (prefers-color-scheme: dark) { p { color: #eee } }
@media (max-width: 400px) { nav { height: 600px } }
</style><nav>Un menu qui tient tout l’écran</nav><main class="pv-main"><h1>Fausse</h1><img src="data:,"><pre>Large</pre><p>Illisible la nuit</p><button>Petit</button></main></html>"""


WRONG_FOR_AGENTS = """<!doctype html><html lang="fr"><title>Une liste fausse</title><style>
body { margin: 0 } h1 { font-size: 20px; margin: 0 } .object-tools { position: absolute; top: 0; left: 0; margin: 0; padding: 0 }
.results { overflow-x: auto } .results table { width: 1500px } .lost { overflow: hidden } .lost table { width: 2000px } td { width: 50% }
</style><main><h1>Règlements au guichet</h1><ul class="object-tools"><a href="/">Ajouter</a></ul>
<div id="changelist"><div class="results"><table><tr><td>Date</td><td>Montant</td></tr></table></div></div>
<div class="lost"><table><tr><td>Famille</td><td>Statut</td></tr></table></div></main></html>"""


def test_what_is_covered_or_cut_off_on_a_page_of_agents_is_found(visit):
    page = visit(size=DESKTOP)
    page.route(
        "**/admin/fausse/", lambda route: route.fulfill(body=WRONG_FOR_AGENTS, content_type="text/html; charset=utf-8")
    )
    page.goto("/admin/fausse/")
    covered, cut = "px, covered: ['Ajouter over Règlements au guichet']", "px, cut: ['Statut']"
    assert shape_faults(page) == [
        f"360 {covered}",
        "360 px, cut: ['Famille', 'Statut']",
        f"1024 {covered}",
        f"1024 {cut}",
        f"1280 {covered}",
        f"1280 {cut}",
        "1280 px, scrolled: ['wider by 220']",
        f"1440 {covered}",
        f"1440 {cut}",
        "1440 px, scrolled: ['wider by 60']",
    ]


def test_what_is_wrong_is_found(visit):
    page = visit(size=PHONE)
    page.goto("about:blank")  # where no policy refuses the styles
    page.set_content(WRONG)
    small = "px, small: ['Petit 20']"
    assert faults_of(page)[0] == [
        "360 px, wider: 48",
        f"360 {small}",
        "360 px, low: True",
        f"1280 {small}",
        "360 px in letters twice as large, wider: 48",
        "image-alt: img",
        "at night, color-contrast: p",
    ]
