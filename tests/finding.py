"""Find the parts of an instrument as its user does: by what stands beside them."""

from collections.abc import Iterator

import ipywidgets


def everything(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)


def control(instrument: ipywidgets.Widget, label: str) -> ipywidgets.Widget:
    found = [w for w in everything(instrument) if getattr(w, "description", None) == label]
    assert len(found) == 1, f"{len(found)} controls are labelled {label!r}"
    return found[0]


def pictures(instrument: ipywidgets.Widget) -> list[bytes]:
    return [w.value for w in everything(instrument) if isinstance(w, ipywidgets.Image)]


def text(instrument: ipywidgets.Widget) -> str:
    return "\n".join(w.value for w in everything(instrument) if isinstance(w, ipywidgets.HTML))
