"""What checks type hints while tests run."""

from beartype import BeartypeConf, beartype

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float


def checked(function):
    """The function held to its type hints; one inside another, made at every call, as it is."""
    return function if "<locals>" in function.__qualname__ else _beartype(function)
