"""What every page of the report asks of its parameters."""

from collections.abc import Collection


def check(**limits: tuple[float, float, float] | tuple[str, Collection[str]]) -> None:
    """Refuse a parameter that a page cannot show: name=(value, lowest, highest) or (value, names).

    Raises ValueError that names the first one that is not allowed.
    """
    for name, (value, *allowed) in limits.items():
        if len(allowed) == 1:
            if value not in allowed[0]:
                raise ValueError(f"{name} is {value!r}; this page takes {', '.join(allowed[0])}.")
        elif not allowed[0] <= value <= allowed[1]:
            raise ValueError(f"{name} is {value}; this page takes {allowed[0]} to {allowed[1]}.")
