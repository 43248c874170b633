"""The schemes: rows of data/schemes.toml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from halftone_utils.captcha import drawing
from halftone_utils.captcha.drawing import Dice
from halftone_utils.engine import checks
from halftone_utils.engine.files import DATA, DataError, read_toml

FILE = DATA / "schemes.toml"
DIALS = {"ruling": (3, 20, "pixels per cell"), "angle": (0, 180, "degrees")}


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A way to draw a CAPTCHA: one row wherever schemes are listed, drawn or measured.

    kind: the family it belongs to: "corner", "screen", "style", "iso-tone" or
    "iso-dipole".
    function: of `drawing`.  lettering: how its letters differ from the others', see
    `drawing.draw_letters`.
    """

    name: str
    kind: str
    description: str
    function: Callable[..., Tensor]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lettering: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, text: str, seed: int) -> Tensor:
        """The tones of the CAPTCHA: (1, 1, 176, 104 n + 24), n letters."""
        dice = Dice(f"{self.name} {seed}")
        letters = drawing.draw_letters(text, seed, **self.lettering)
        return self.function(letters, dice, **self.parameters)

    @property
    def made_of(self) -> list[str]:
        """All that decides its pictures, but for the code."""
        return [self.description, repr(dict(self.parameters)), repr(dict(self.lettering))]

    @property
    def dials(self) -> dict[str, float]:
        """The values of what `varied` can change, by name; of an iso-tone scheme the ground's.

        Error diffusion and blue noise have none: their dots are of whole pixels.
        """
        given = {**self.parameters.get("of_ground", {}), **self.parameters}
        return {name: float(given[name]) for name in DIALS if name in given}

    def varied(self, **dials: float) -> "Scheme":
        """The scheme with another ruling or angle, see DIALS.

        Of an iso-tone scheme both screens change; their ratio and the turn between them stay.
        Raises ValueError for a dial that the scheme has not, or a value out of range.
        """
        given = dict(self.parameters)
        for name, value in dials.items():
            if name not in self.dials:
                raise ValueError(f"{self.name!r} has no {name} to set.")
            checks.within(name, value, *DIALS[name])
            own = self.dials[name]
            if name in given:
                given[name] = value
            elif name == "ruling":
                given["cell"] = given["cell"] * value / own
            for part in {"of_figure", "of_ground"} & {*given}:
                old = given[part][name]
                new = (old + value - own) % 180 if name == "angle" else old * value / own
                given[part] = {**given[part], name: new}
        return replace(self, parameters=given)


def _scheme(name: str, row: dict[str, Any]) -> Scheme:
    given = row.get("parameters", {}).items()
    parameters = {key: tuple(x) if isinstance(x, list) else x for key, x in given}
    function = getattr(drawing, row["function"])
    return Scheme(name=name, **{**row, "function": function, "parameters": parameters})


def _rows() -> dict[str, Scheme]:
    try:
        return {name: _scheme(name, row) for name, row in read_toml(FILE).items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{FILE}: {error}") from None


SCHEMES: Mapping[str, Scheme] = _rows()
