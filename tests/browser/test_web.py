"""The web version in a real browser: every page is found, fits a phone, and asks for nothing."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from committed import web_version

from browser.conftest import SCREENS
from halftone_utils.report import build

PHONE = {"width": 390, "height": 844}
NAMES = ("index", *build.PAGES)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and prints nothing of it."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(chromium, tmp_path_factory):
    """The web version of the committed notebooks."""
    return web_version(tmp_path_factory.mktemp("web")).parent


@pytest.fixture(scope="module")
def site(folder):
    """Its address on localhost."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(chromium):
    """A tab; an error in its console and a request that fails or leaves this machine fail too."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    at_home, wrong = ("http://127.0.0.1:", "file:///", "data:"), []

    def note(is_wrong, what):
        wrong.extend([what] * is_wrong)

    tab = context.new_page()
    tab.on("console", lambda said: note(said.type in ("error", "warning"), said.text))
    tab.on("pageerror", lambda error: note(True, str(error)))
    tab.on("request", lambda request: note(not request.url.startswith(at_home), request.url))
    tab.on("requestfailed", lambda request: note(True, request.url))
    tab.on("response", lambda response: note(response.status >= 400, response.url))
    yield tab
    context.close()
    assert not wrong, wrong


def kept(tab, name: str) -> None:
    """A screenshot for whoever looks."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=SCREENS / f"web-{name}.png")


def short(name: str) -> str:
    return "index" if name == "index" else name[:2]


def is_at(tab) -> str:
    """The name of the page that the tab shows; it calls itself so in its navigation."""
    name = Path(tab.url.split("#")[0]).stem
    here = tab.locator("header nav a[aria-current=page]")
    assert here.get_attribute("href") == f"{name}.html"
    return name


def test_next_leads_from_the_index_to_the_last_page_and_previous_back(tab, site):
    tab.goto(f"{site}/index.html")
    for name in NAMES:
        assert is_at(tab) == name
        kept(tab, short(name))
        if name != NAMES[-1]:
            tab.locator("footer a[rel=next]").click()
    assert tab.locator("footer a[rel=next]").count() == 0
    for name in NAMES[-2::-1]:
        tab.locator("footer a[rel=prev]").click()
        assert is_at(tab) == name
    assert tab.locator("footer a[rel=prev]").count() == 0


def test_the_head_of_a_page_leads_to_every_other(tab, site):
    tab.goto(site)
    for name, label in build.PAGES.items():
        tab.get_by_role("navigation", name="Pages").get_by_role("link", name=label).click()
        assert is_at(tab) == name
        tab.get_by_role("link", name="Index").first.click()
        tab.locator("main li a").nth(list(build.PAGES).index(name)).click()
        assert is_at(tab) == name


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_shows_a_page_whole(tab, site, name):
    tab.set_viewport_size(PHONE)
    tab.goto(f"{site}/{name}.html")
    kept(tab, f"phone-{short(name)}".removesuffix("-index"))
    wide, room = tab.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= room
    sizes = tab.locator("main p, main li").evaluate_all(
        "all => all.map(p => parseFloat(getComputedStyle(p).fontSize))"
    )
    assert min(sizes) >= 16
    outside = tab.locator("main :is(p, pre, img, table, math):visible").evaluate_all(
        """all => all.filter(e => !e.closest(".scroll") || e.matches(".scroll"))
            .filter(e => e.getBoundingClientRect().right > innerWidth)
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []


@pytest.mark.parametrize("name", NAMES)
def test_pictures_and_equations_are_there(tab, site, name):
    tab.goto(f"{site}/{name}.html")
    pictures = tab.get_by_role("img")
    assert pictures.count() == tab.locator("img").count()
    assert pictures.count() or name.startswith("appendix")
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        assert picture.get_attribute("alt")
        assert picture.evaluate("p => p.decode().then(() => p.naturalWidth)") > 100
    heights = tab.locator("math").evaluate_all(
        "all => all.map(m => m.getBoundingClientRect().height)"
    )
    assert all(height > 5 for height in heights)


def test_what_is_wider_than_a_phone_is_reached_by_scrolling_it(tab, site):
    tab.set_viewport_size(PHONE)
    tab.goto(f"{site}/index.html")
    frame = tab.get_by_role("region", name="Table")
    frame.focus()
    for _ in range(60):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.scroll').scrollLeft > 100")
    tab.goto(f"{site}/01_fgsm_recap.html")
    cut = tab.locator("pre, math[display=block]").evaluate_all(
        """all => all.filter(e => e.scrollWidth > e.clientWidth)
            .filter(e => { e.scrollLeft = 9; return e.scrollLeft === 0; }).length"""
    )
    assert cut == 0


def test_the_first_press_of_the_tab_key_offers_the_text(tab, site):
    tab.goto(f"{site}/01_fgsm_recap.html")
    tab.keyboard.press("Tab")
    skip = tab.get_by_role("link", name="Skip to the text")
    assert skip.evaluate("link => link === document.activeElement")
    assert skip.bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    tab.wait_for_url("**#text")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_files_work_without_a_server(tab, folder):
    tab.goto((folder / "index.html").as_uri())
    tab.locator("footer a[rel=next]").click()
    assert is_at(tab) == NAMES[1]
    assert tab.locator("img").first.evaluate("p => p.decode().then(() => p.naturalWidth)") > 100
