"""Refusals in one sentence: what a value is, where, and what is allowed there."""

import math
from collections.abc import Collection
from numbers import Real
from typing import Any


def one_of(name: str, value: object, allowed: Collection) -> None:
    """Raise ValueError unless `value` is one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it is one of {', '.join(map(str, allowed))}.")


def within(name: str, value: Any, lowest: float, highest: float, unit: str = "") -> None:
    """Raise ValueError unless `value` is a finite number from lowest to highest; a bool is none."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and math.isfinite(float(value)) and lowest <= float(value) <= highest):
        up_to = f"{lowest:g} or more" if highest == math.inf else f"{lowest:g} to {highest:g}"
        allowed = "a finite number" if lowest == -math.inf else f"{up_to} {unit}".rstrip()
        raise ValueError(f"{name} is {value!r}; it is {allowed}.")


def above(name: str, value: float, highest: float = math.inf) -> None:
    """Raise ValueError unless `value` is finite, greater than 0, and at most highest."""
    if not (math.isfinite(value) and 0 < value <= highest):
        up_to = "" if highest == math.inf else f", up to {highest:g}"
        raise ValueError(f"{name} is {value!r}; it is above 0{up_to}.")


def whole(name: str, value: object, lowest: int, highest: int = 2**31) -> None:
    """Raise ValueError unless `value` is an int from lowest to highest; a bool is none."""
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(f"{name} is {value!r}; it is a whole number from {lowest} to {highest}.")
