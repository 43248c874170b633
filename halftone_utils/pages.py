"""What every page of the report asks of its parameters."""


def check(**limits: tuple[float, float, float]) -> None:
    """Refuse a parameter that a page cannot show: name=(value, lowest, highest).

    Raises ValueError that names the first one outside its range.
    """
    for name, (value, lowest, highest) in limits.items():
        if not lowest <= value <= highest:
            raise ValueError(f"{name} is {value}; this page takes {lowest} to {highest}.")
