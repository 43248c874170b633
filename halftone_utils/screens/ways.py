"""A way to change pictures: one row wherever ways are listed, drawn, measured or tested."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Way:
    """A kind, its function and the function's parameters: it names itself and can be called.

    kind: the family it belongs to, as a table shows it.
    function: (images (N, 1, H, W) in [0, 1], **parameters) -> images of the same shape.
    """

    kind: str
    function: Callable[..., Tensor]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The kind and its parameters, such as "median side=5"."""
        return " ".join([self.kind, *(f"{k}={_short(v)}" for k, v in self.parameters.items())])

    @property
    def config(self) -> dict[str, Any]:
        """What a result file says of it, as JSON."""
        return {"kind": self.kind, "parameters": dict(self.parameters)}

    def __call__(self, images: Tensor) -> Tensor:
        """Change a batch (N, 1, H, W)."""
        return self.function(images, **self.parameters)


def sweep(kind: str, function: Callable[..., Tensor], *settings: Mapping[str, Any]) -> list[Way]:
    """One way a setting."""
    return [Way(kind, function, parameters) for parameters in settings]


def by_name(ways: Iterable[Way]) -> dict[str, Way]:
    """Ways under their own names."""
    return {way.name: way for way in ways}


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
