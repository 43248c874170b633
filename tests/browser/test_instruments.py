"""In a real browser every dial moves, by keys and by mouse, and the picture follows it."""

import re

import pytest

from browser.conftest import SCREENS
from browser.driving import PATIENCE, Driver
from halftone_utils import screens
from halftone_utils.captcha import challenge, solvers
from halftone_utils.captcha.texture import TEXTURES
from halftone_utils.digits import datasets, handwriting
from halftone_utils.networks import attacks, training
from halftone_utils.results import people, store
from halftone_utils.screens import perception
from halftone_utils.studies import experiments
from halftone_utils.style import gatys, style_transfer, vgg
from halftone_utils.widgets import pad
from halftone_utils.widgets.quiz import CaptchaQuiz


@pytest.fixture(scope="module")
def page(chromium, lab):
    """A tab of JupyterLab; requests to anywhere but localhost fail the test that made them."""
    address, token = lab
    context = chromium.new_context(viewport={"width": 1500, "height": 1100})
    abroad = []

    def note(request):
        if not re.match(r"(http|ws)s?://127\.0\.0\.1|data:|blob:|about:", request.url):
            abroad.append(request.url)

    context.on("request", note)
    tab = context.new_page()
    tab.goto(f"{address}/doc/tree/instruments.ipynb?token={token}", timeout=PATIENCE)
    tab.locator(".jp-CodeCell:visible").first.wait_for(timeout=PATIENCE)
    tab.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session"
        "?.kernel?.status === 'idle'",
        timeout=PATIENCE,
    )
    tab.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    yield tab
    assert not abroad, abroad
    context.close()


@pytest.fixture
def opened(page):
    """Find the instrument that the cell with `call` made."""

    def find(call: str) -> Driver:
        code = page.locator(".jp-CodeCell", has_text=call)
        output = code.locator(".jp-OutputArea-output .widget-vbox").first
        output.wait_for(timeout=PATIENCE)
        output.scroll_into_view_if_needed()
        driver = Driver(page, output)
        driver.settle()
        assert driver.out_of_reach() == []
        return driver

    return find


def kept(driver: Driver, name: str) -> None:
    """A screenshot for whoever looks."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    driver.output.screenshot(path=SCREENS / f"{name}.png")


def test_fgsm_explorer(opened):
    driver = opened("FgsmExplorer(")
    model = experiments.published("lenet")
    images, labels = datasets.load("validation", n=100)
    x = datasets.as_float(images)
    before = driver.picture(2)
    driver.slide("ε (of 0 to 1)", "ArrowRight", 3)
    now = driver.wait_for_another_picture(2, before)
    driver.type("digit number", "7")
    now = driver.wait_for_another_picture(2, now)
    driver.drag("ε (of 0 to 1)", 60)
    driver.wait_for_another_picture(2, now)
    epsilon = driver.number("ε (of 0 to 1)")
    assert epsilon > 0.115
    x_prime = attacks.fgsm(model, x[7:8], labels[7:8], epsilon)
    p = training.probabilities(model, x_prime)[0]
    driver.wait_for_text(f"reads {int(p.argmax())}, {100 * p.max():.1f} % sure")
    kept(driver, "fgsm-explorer")
    now = driver.picture(1)
    driver.output.get_by_label("random signs instead").focus()
    driver.page.keyboard.press("Space")
    driver.wait_for_another_picture(1, now)
    driver.move_everything(3)


def test_screen_explorer(opened):
    driver = opened("ScreenExplorer(")
    dots, seen = driver.picture(0), driver.picture(1)
    driver.slide("distance (m)", "ArrowRight", 4)
    seen = driver.wait_for_another_picture(1, seen)
    assert driver.picture(0) == dots
    metres = driver.number("distance (m)")
    driver.wait_for_text(f"from {metres:.2f} m the eye's blur is")
    blur = float(re.search(r"blur is ([\d.]+) px", driver.text())[1])
    assert blur == pytest.approx(perception.blur_of_distance(metres), rel=0.01)
    for label in ("ruling (px a cell)", "angle (degrees)", "dot gain (of 1)"):
        driver.slide(label, "ArrowRight", 2)
        dots = driver.wait_for_another_picture(0, dots)
        plot = driver.picture(2)
        driver.drag(label, 40)
        dots = driver.wait_for_another_picture(0, dots)
        driver.wait_for_another_picture(2, plot)
    kept(driver, "screen-explorer")
    for label, option in (
        ("shape of dot", "line"),
        ("kind of screen", "floyd-steinberg"),
        ("picture", "even tone"),
    ):
        driver.choose(label, option)
        dots = driver.wait_for_another_picture(0, dots)
    driver.slide("tone (0 black)", "ArrowLeft", 10)
    driver.wait_for_another_picture(0, dots)
    assert driver.number("tone (0 black)") < 0.7
    driver.wait_for_text(f"mean tone {driver.number('tone (0 black)'):.3f}")
    driver.choose("kind of screen", "am")
    driver.move_everything(8)
    assert "⚠" not in driver.text()


def losses_after_45():
    """Content and style loss of the first digit, as the function itself gives them."""
    network = vgg.load_vgg16()
    settings = gatys.Settings(alpha=1.0, beta=10**2.2, iterations=45)
    style = screens.am_screen(screens.ramp(256), 2.5)
    targets = gatys.style_targets(network, style, settings.style_weights, 32)
    digit = datasets.as_float(datasets.load("validation", 32, 1)[0])
    run = style_transfer.transfer(network, digit, targets, settings)
    return [float(run.content[-1, 0]), float(run.style[-1, 0])]


def test_style_explorer(opened):
    driver = opened("StyleExplorer()")
    start = driver.picture(0)
    driver.slide("iterations to run", "ArrowLeft", 5)
    driver.slide("α/β", "ArrowLeft", 2)
    driver.press("Run")
    driver.wait_for_text("iteration 45")
    driver.wait_for_another_picture(0, start)
    shown = re.search(r"iteration 45: L_content ([\d.e+]+), L_style ([\d.e+]+)", driver.text())
    assert [float(loss) for loss in shown.groups()] == pytest.approx(losses_after_45(), rel=0.01)
    driver.slide("iteration", "Home")
    driver.wait_for_text("iteration 0")
    driver.wait_for_picture(0, start)
    driver.drag("iteration", 60)
    driver.wait_for_another_picture(0, start)
    driver.slide("iteration", "End")
    kept(driver, "style-explorer")
    driver.slide("iteration", "Home")
    driver.wait_for_text("iteration 0")
    driver.choose("content", "upload")
    driver.press("Run")
    driver.wait_for_text("No picture is uploaded yet")
    driver.choose("content", "photograph")
    driver.move_everything(18)
    assert "⚠" not in driver.text()


def test_style_explorer_of_a_photograph(opened):
    driver = opened("StyleExplorer(source='photograph'")
    assert driver.number("iterations to run") == 40
    start = driver.picture(0)
    driver.slide("iterations to run", "End")
    driver.choose("content layer", "conv4_2")  # or a fast machine is done before the press
    driver.press("Run")
    driver.wait_for_number("iteration", 10)
    driver.press_at_once("Stop")
    driver.wait_for_another_picture(0, start)
    driver.output.locator("button:has-text('Run'):not([disabled])").wait_for(timeout=PATIENCE)
    assert driver.number("iteration") < driver.number("iterations to run")
    driver.slide("iteration", "Home")
    driver.wait_for_text("iteration 0: L_content 0,")
    driver.wait_for_picture(0, start)


def test_drawing_pad(opened):
    driver = opened("DrawingPad(")
    driver.press("Read")
    driver.wait_for_text("Nothing is drawn yet")
    canvas = driver.output.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    mouse = driver.page.mouse
    mouse.move(box["x"] + 60, box["y"] + 60)
    mouse.down()
    for x, y in ((160, 60), (100, 190)):
        mouse.move(box["x"] + x, box["y"] + y, steps=8)
    before = driver.picture(0)
    mouse.up()
    driver.wait_for_text("LeNet, trained on originals")
    driver.wait_for_another_picture(0, before)
    image = datasets.resize(
        handwriting.as_mnist(handwriting.ink([[(60, 60), (160, 60), (100, 190)]], 224, 18)), 32
    )
    for experiment, model in experiments.all_published():
        assert int(training.predict(model, image)[0]) == 7
        row = driver.output.locator(
            "tr", has=driver.page.get_by_text(pad.title_of(experiment), exact=True)
        )
        assert row.locator("b").first.inner_text() == "7"
    kept(driver, "drawing-pad")
    driver.type("or digit number", "7")
    driver.output.get_by_role("button", name="Put it").focus()
    now = driver.picture(0)
    driver.page.keyboard.press("Enter")
    driver.wait_for_another_picture(0, now)


def test_results_explorer(opened):
    driver = opened("ResultsExplorer(")
    pages = int(re.search(r"1 of (\d+) pages", driver.text())[1])
    assert pages > 1
    first = driver.picture(0)
    driver.slide("page", "ArrowRight")
    driver.wait_for_text(f"2 of {pages} pages")
    driver.drag("page", 30)
    driver.wait_for_text(f"{int(driver.number('page'))} of {pages} pages")
    driver.choose("network B", "lenet-32-halftone-talk-s0")
    driver.choose("digits that", "neither reads it")
    read = [
        store.predictions(stem)["halftone-talk"]
        for stem in ("lenet-32-original-s0", "lenet-32-halftone-talk-s0")
    ]
    labels = datasets.load("test", 28)[1].numpy()
    neither = int(((read[0] != labels) & (read[1] != labels)).sum())
    driver.wait_for_text(f"{neither:,} of 10,000 test digits; 1 of")
    driver.wait_for_another_picture(0, first)
    kept(driver, "results-explorer")
    driver.move_everything(6)
    assert "⚠" not in driver.text()


def test_digit_quiz(opened, readings):
    driver = opened("DigitQuiz(")
    driver.press("Start")
    driver.wait_for_text("Type your initials first")
    driver.type("your initials", "ab")
    driver.press("Start")
    driver.wait_for_text("0 of 100 answered by ab")
    first = driver.picture(0)
    driver.type("digit you read", "x")
    driver.wait_for_text("type what you read")
    driver.type("digit you read", "3")
    second = driver.wait_for_another_picture(0, first)
    driver.output.get_by_role("button", name="I cannot read it").focus()
    driver.page.keyboard.press("Enter")
    driver.wait_for_another_picture(0, second)
    kept(driver, "digit-quiz")
    driver.press("Pause")
    driver.wait_for_text("1 person")
    assert [(r.participant, r.answer) for r in people.load(readings)] == [("ab", "3"), ("ab", "")]


def test_captcha_quiz(opened, readings):
    driver = opened("CaptchaQuiz(")
    driver.type("your initials", "cd")
    driver.press("Start")
    driver.wait_for_text(f"0 of {CaptchaQuiz.total} answered by cd")
    first, question = driver.picture(0), CaptchaQuiz.question(0)
    image = driver.output.locator("img").first
    size = image.evaluate("i => [i.naturalWidth, i.naturalHeight, i.width, i.height]")
    assert size[:2] == size[2:] == list(question.picture.shape[:0:-1])  # a dot a pixel
    driver.type("letters you read", question.truth.lower())
    driver.wait_for_another_picture(0, first)
    kept(driver, "captcha-quiz")
    (kept_answer,) = [r for r in people.load(readings) if r.participant == "cd"]
    assert kept_answer.right


def test_captcha_explorer(opened):
    driver = opened("CaptchaExplorer(")
    shown = driver.picture(0)
    assert driver.picture(1) == shown
    driver.choose("attack first", "texture: Gabor sigma=4")
    driver.wait_for_another_picture(1, shown)
    assert driver.picture(0) == shown
    driver.wait_for_text("ddddocr reads HALF7 ✓")
    image = solvers.as_tensor([challenge.make_captcha("HALF7", "iso-tone-angle", 3)])
    assert solvers.solve(TEXTURES["Gabor sigma=4"](image), "ddddocr") == ["HALF7"]
    kept(driver, "captcha-explorer")
    driver.type("text (1 to 8)", "")
    driver.wait_for_text("it is a string of 1 to 8 letters")
    driver.type("text (1 to 8)", "NEXT4")
    driver.choose("attack first", "as it is")
    driver.choose("scheme", "plain")
    driver.wait_for_text("ddddocr reads NEXT4 ✓")
    driver.choose("scheme", "iso-tone-ruling")
    driver.move_everything(6)
    assert "⚠" not in driver.text()
