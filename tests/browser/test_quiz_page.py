"""The quiz's page from a file: asked by keys and by touch, paused, saved, and taken in."""

import pytest

from browser.conftest import SCREENS
from halftone_utils.quiz import page, questions, returned
from halftone_utils.results import people

SEED = 3
ASKED = questions.in_file(SEED)
HALF = len(ASKED) // 2
LOOK = {  # questions of which a screenshot is kept
    next(i for i, q in enumerate(ASKED) if (q.condition, q.afar) == key): name
    for key, name in (
        (("halftone-strong", False), "near"),
        (("halftone-strong", True), "afar"),
        (("iso-tone-angle", False), "captcha"),
    )
}
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("no", "SecurityError"); } });"""


@pytest.fixture(scope="module")
def file(chromium, tmp_path_factory):
    return page.write(out=tmp_path_factory.mktemp("quiz") / "quiz.html", seed=SEED)


@pytest.fixture
def opened(chromium, file):
    """Open the page in a window of its own; an error, a warning or a request fails the test."""
    contexts, wrong = [], []

    def note(is_wrong, what):
        wrong.extend([what] * is_wrong)

    def new(script="", **options):
        contexts.append(chromium.new_context(**options))
        contexts[-1].add_init_script(script)
        tab = contexts[-1].new_page()
        tab.on("console", lambda said: note(said.type in ("error", "warning"), said.text))
        tab.on("pageerror", lambda error: note(True, str(error)))
        tab.on("request", lambda r: note(not r.url.startswith((file.as_uri(), "data:")), r.url))
        tab.goto(file.as_uri())
        return tab

    yield new
    for context in contexts:
        context.close()
    assert not wrong, wrong


def kept(tab, name):
    """A screenshot for whoever looks."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=SCREENS / f"quiz-{name}.png")


def shown(tab, i, prefix=""):
    """Wait for the i-th picture; its width and height on the page."""
    tab.get_by_text(f"{i + 1} of {len(ASKED)}", exact=True).wait_for()
    picture = tab.get_by_role("img", name="to be read by eye")
    picture.wait_for()
    if i in LOOK:
        kept(tab, prefix + LOOK[i])
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return picture.evaluate("p => [p.width, p.height]")


def saved(tab, name, path):
    with tab.expect_download() as download:
        tab.get_by_role("button", name=name).click()
    download.value.save_as(path)
    return path


def test_by_keys_it_is_answered_paused_gone_on_with_and_saved(opened, tmp_path):
    tab = opened(viewport={"width": 1300, "height": 900})
    kept(tab, "start")
    tab.get_by_role("button", name="I agree: begin").press("Enter")
    for i, question in enumerate(ASKED):
        if i == HALF:
            shown(tab, i)
            tab.keyboard.press("Escape")
            tab.get_by_role("heading", name="Paused").wait_for()
            assert tab.get_by_role("img", name="to be read by eye").count() == 0
            kept(tab, "paused")
            tab.reload()
            tab.get_by_text(f"{HALF} of {len(ASKED)} are answered").wait_for()
            tab.get_by_role("button", name="Go on", exact=True).press("Enter")
        size = shown(tab, i)
        if question.quiz == people.DIGITS:
            assert size == [32, 32] if question.afar else [128, 128]
            tab.keyboard.press("-" if i == 1 else question.truth)
            continue
        assert size == [544, 176]  # a dot a pixel
        if i == len(ASKED) - 1:
            tab.keyboard.type("12")
            tab.keyboard.press("Enter")
            tab.get_by_role("alert").get_by_text("There are five").wait_for()
            tab.keyboard.press("Control+a")
        tab.keyboard.type(question.truth.lower())
        tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Thank you").wait_for()
    kept(tab, "done")
    path = saved(tab, "Save my answers", tmp_path / "mine.json")
    into = tmp_path / "people.jsonl"
    assert returned.add("add", (path,), into=into) == [
        f"{path}: {len(ASKED)} answers added, 0 known."
    ]
    readings = people.load(into)
    assert [r.truth for r in readings] == [q.truth for q in ASKED]
    assert [i for i, r in enumerate(readings) if not r.right] == [1]
    assert all(0 < r.seconds < 60 for r in readings)


def test_by_touch_it_is_answered_and_sent_where_the_browser_keeps_nothing(opened, tmp_path):
    phone = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3}
    tab = opened(NO_STORAGE, **phone, has_touch=True, is_mobile=True)
    tab.get_by_text("This browser keeps nothing for this page.").wait_for()
    kept(tab, "phone-start")
    tab.get_by_role("button", name="I agree: begin").tap()
    for i, question in enumerate(ASKED):
        size = shown(tab, i, "phone-")
        if i == HALF:
            tab.get_by_role("button", name="Pause").tap()
            path = saved(tab, "Save what there is so far", tmp_path / "half.json")
            tab.reload()
            tab.get_by_label("Go on from a file").set_input_files(path)
            tab.get_by_role("button", name="Go on", exact=True).tap()
            shown(tab, i)
        if question.quiz == people.DIGITS:
            tab.get_by_role("button", name=question.truth, exact=True).tap()
            continue
        assert 300 < size[0] < 390
        if i == len(ASKED) - 1:
            tab.get_by_role("button", name="I cannot read it").tap()
            continue
        tab.get_by_label("Type what you read").fill(question.truth)
        tab.get_by_role("button", name="Next").tap()
    tab.get_by_role("button", name="Copy them as text").tap()
    tab.get_by_text("Copied").wait_for()
    kept(tab, "phone-done")
    whole = tmp_path / "pasted.txt"
    whole.write_text(tab.get_by_label("If no file can be saved").input_value())
    into = tmp_path / "people.jsonl"
    assert returned.add("add", (path, whole), into=into) == [
        f"{path}: {HALF} answers added, 0 known.",
        f"{whole}: {len(ASKED) - HALF} answers added, {HALF} known.",
    ]
    assert [r.right for r in people.load(into)] == [True] * (len(ASKED) - 1) + [False]
