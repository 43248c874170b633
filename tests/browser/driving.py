"""Drive one page of JupyterLab as its user does: find controls by their labels, keys and mouse."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page

PATIENCE = 120_000  # milliseconds that a busy machine may take
TRIES = 8  # a busy page can miss a key
_CAN_BE_MOVED = "!c.disabled && !c.closest('[disabled]') && c.offsetParent !== null"


class Driver:
    """The one instrument on a notebook's page."""

    def __init__(self, page: Page, output: Locator) -> None:
        self.page, self.output = page, output

    def control(self, label: str) -> Locator:
        exact = self.page.locator("label").get_by_text(label, exact=True)
        return self.output.locator(".widget-inline-hbox").filter(has=exact)

    def slide(self, label: str, key: str, times: int = 1) -> None:
        """By keyboard, once the kernel has drawn what was asked before."""
        handle = self._handle(label)

        def press(_: int) -> None:
            handle.focus()
            for _ in range(times):
                handle.press(key)

        self._follows(self.control(label), press)

    def drag(self, label: str, by: float) -> None:
        """By mouse, so many pixels to the right."""
        self._drag(self._handle(label), by)

    def _handle(self, label: str) -> Locator:
        """A slider's handle, when the page has settled and it can be moved."""
        self.settle()
        handle = self.control(label).get_by_role("slider")
        self._wait_until(
            lambda: handle.evaluate(f"c => {_CAN_BE_MOVED}"), lambda: f"{label} cannot be moved"
        )
        return handle

    def number(self, label: str) -> float:
        """What a slider says it stands at."""
        return float(self.control(label).locator(".widget-readout").inner_text())

    def wait_for_number(self, label: str, least: float) -> None:
        """Until a slider stands at so much."""
        self._wait_until(
            lambda: self.number(label) >= least, lambda: f"{label} stays at {self.number(label)}"
        )

    def choose(self, label: str, option: str) -> None:
        self.control(label).locator("select").select_option(option)

    def type(self, label: str, value: str) -> None:
        field = self.control(label).locator("input")
        field.fill(value)
        field.press("Enter")

    def press(self, name: str) -> None:
        self.settle()
        self.press_at_once(name)

    def press_at_once(self, name: str) -> None:
        """For what must not wait, such as Stop: a slow page could settle after the run's end."""
        self.output.get_by_role("button", name=name, exact=True).click()

    def settle(self) -> None:
        """Wait until the kernel has been idle for a while.

        While it is busy, a slider's last value waits in the page, and a click overtakes it.
        """
        idle = (
            "window.jupyterapp.shell.currentWidget.context.sessionContext.session"
            ".kernel.status === 'idle'"
        )
        times = []

        def long_enough() -> bool:
            times.append(self.page.evaluate(idle))
            return len(times) > 8 and all(times[-8:])

        self._wait_until(long_enough, lambda: "the kernel stays busy")

    def out_of_reach(self) -> list[str]:
        """The controls, not disabled ones, that no press of the tab key leads to."""
        controls = "input, select, button, [role=slider]"
        self.output.evaluate(
            """(output, controls) => {
            const all = [...output.querySelectorAll(controls)].filter(c =>
                !c.disabled && !c.closest("[disabled]") && c.offsetParent !== null);
            all.forEach(c => c.dataset.waits = "yes");
            all[0].focus();
        }""",
            controls,
        )
        for _ in range(60):
            self.page.evaluate("delete document.activeElement.dataset.waits")
            self.page.keyboard.press("Tab")
        return self.output.locator("[data-waits]").evaluate_all(
            "left => left.map(c => (c.closest('.widget-inline-hbox, button') ?? c).innerText)"
        )

    def move_everything(self, count: int) -> None:
        """Move each of so many controls by keyboard, then by mouse.

        Waits until so many can be moved; one that another's move disables for good is left out.
        Raises AssertionError that says how many there are, or names one that does not follow.
        """
        kinds = {
            "[role=slider]": (
                ("ArrowRight", "ArrowLeft"),
                lambda control, i: self._drag(control, (60, -60)[i]),
            ),
            "select": (("Space ArrowDown Enter", "Space ArrowUp Enter"), self._choose_another),
            "input[type=number]": (("ArrowUp", "ArrowDown"), self._count_up),
            "input[type=checkbox]": (("Space",), lambda control, _: control.click()),
        }
        self._wait_until(
            lambda: self._mark_controls([*kinds]) == count,
            lambda: f"{self._mark_controls([*kinds])} controls, not {count}",
        )
        for kind, (keys, by_mouse) in kinds.items():
            for mark in self.output.locator(f"{kind}[data-mark]").evaluate_all(
                "controls => controls.map(c => c.dataset.mark)"
            ):
                marked = self.page.locator(f'[data-mark="{mark}"]')
                row = self.output.locator(".widget-inline-hbox").filter(has=marked)
                control = row.locator(marked)
                if not self._soon(lambda c=control: c.evaluate(f"c => {_CAN_BE_MOVED}")):
                    continue  # what was moved before it has put it out of use
                self._follows(
                    row, lambda i, c=control, k=keys: self._press(c, k[i % len(k)], 50 * (i + 1))
                )
                self._follows(row, lambda i, c=control, m=by_mouse: m(c, i % 2))

    def _mark_controls(self, kinds: list[str]) -> int:
        """Number the controls that can be moved; how many there are."""
        return self.output.evaluate(
            f"""(output, kinds) => {{
            output.querySelectorAll("[data-mark]").forEach(c => delete c.dataset.mark);
            const rows = [...output.querySelectorAll(".widget-inline-hbox")];
            const all = kinds.flatMap(kind => rows.map(row => row.querySelector(kind)))
                .filter(c => c && {_CAN_BE_MOVED});
            all.forEach((c, i) => c.dataset.mark = i);
            return all.length;
        }}""",
            kinds,
        )

    def _soon(self, holds: Callable[[], bool]) -> bool:
        for _ in range(60):
            if holds():
                return True
            self.page.wait_for_timeout(50)
        return False

    def _wait_until(self, holds: Callable[[], object], otherwise: Callable[[], str]) -> None:
        for _ in range(PATIENCE // 50):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(otherwise())

    def _follows(self, row: Locator, move: Callable[[int], None]) -> None:
        """One way or the other a move, tried again, changes what a control says it stands at."""
        says = """row => [...row.querySelectorAll(".widget-readout")].map(r => r.innerText).join() +
            [...row.querySelectorAll("select, input")].map(c => c.value + c.checked).join()"""
        before = row.evaluate(says)
        for i in range(TRIES):
            move(i)
            if self._soon(lambda: row.evaluate(says) != before):
                return
        raise AssertionError(f"{row.inner_text()!r} stays at {before}")

    def _press(self, control: Locator, keys: str, pause: float) -> None:
        """One key after the other, so many milliseconds apart.

        JupyterLab keeps the arrows from a list that is not open yet.
        """
        control.focus()
        for key in keys.split():
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(pause)

    def _drag(self, handle: Locator, by: float) -> None:
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + by, y, steps=5)
        self.page.mouse.up()

    def _choose_another(self, select: Locator, i: int) -> None:
        select.click()
        self.page.keyboard.press("Escape")
        select.select_option(index=i)

    def _count_up(self, field: Locator, i: int) -> None:
        """By the little arrows at a number's right end."""
        field.hover()
        box = field.bounding_box()
        y = box["y"] + box["height"] * (0.25, 0.75)[i]
        self.page.mouse.click(box["x"] + box["width"] - 9, y)

    def text(self) -> str:
        return "\n".join(self.output.locator(".widget-html-content").all_inner_texts())

    def wait_for_text(self, part: str) -> None:
        self.output.locator(".widget-html-content").filter(has_text=part).first.wait_for(
            timeout=PATIENCE
        )

    def picture(self, i: int) -> str:
        """The pixels of the i-th picture, as a data URL."""
        script = """async image => {
            try { await image.decode(); }
            catch { return null; }  // replaced by the next picture while it was read
            const canvas = document.createElement("canvas");
            canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
            canvas.getContext("2d").drawImage(image, 0, 0);
            return canvas.toDataURL();
        }"""
        pixels = []
        self._wait_until(
            lambda: pixels.append(self.output.locator("img").nth(i).evaluate(script)) or pixels[-1],
            lambda: f"picture {i} cannot be read",
        )
        return pixels[-1]

    def wait_for_picture(self, i: int, pixels: str) -> None:
        self._wait_until(
            lambda: self.picture(i) == pixels, lambda: f"picture {i} does not become the one asked"
        )

    def wait_for_another_picture(self, i: int, than: str) -> str:
        self._wait_until(lambda: self.picture(i) != than, lambda: f"picture {i} has not changed")
        return self.picture(i)
