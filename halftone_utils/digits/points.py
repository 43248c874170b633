"""The frozen halftones: rows of data/points.toml, each by style transfer or by a screen."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from halftone_utils import screens
from halftone_utils.engine import checks, hardware
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import (
    CACHE,
    DATA,
    DataError,
    hash_of,
    read_toml,
    sha256,
    write_atomically,
)
from halftone_utils.screens import perception, tone
from halftone_utils.style import gatys, style_transfer, vgg

FILE = DATA / "points.toml"
CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True, eq=False)  # one object a point: hashable by itself
class Point:
    """What every frozen halftone has.

    size: side of the pictures [px].  ruling [px a cell], angle [degrees], dot: of the screen.
    sigma: standard deviation of the Gaussian that stands for the eye [px].
    """

    unhashed: ClassVar[str]  # the field that is not in the config
    name: str
    size: int
    ruling: float
    angle: float
    dot: str
    sigma: float

    @property
    def config(self) -> dict[str, Any]:
        """All that decides the pictures, as JSON."""
        return {k: v for k, v in config_of(self).items() if k != self.unhashed}

    @property
    def hash(self) -> str:
        """Short name of all that decides the pictures."""
        return hash_of(self.config)

    def from_afar(self, images: Tensor) -> Tensor:
        """What visual integration leaves, contrast restored: a proxy for the eye."""
        return perception.integrate(images, self.sigma, restore_contrast=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScreenPoint(Point):
    """A clustered-dot screen over a tone range, and its controls.

    tone_range: least and greatest tone, into which pictures are mapped first.
    """

    tone_range: tuple[float, float]
    unhashed = "name"

    def halftone(self, images: Tensor) -> Tensor:
        """The halftone of each picture: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0."""
        return screens.am_screen(
            images, self.ruling, self.angle, self.dot, tone_range=self.tone_range
        )

    def no_dots(self, images: Tensor) -> Tensor:
        """The control without a dot: the same tones, continuous."""
        return tone.map_tone(images, self.tone_range)

    def random_dots(self, images: Tensor, seed: int = 0) -> Tensor:
        """The control without a screen: random dots of the same tones."""
        return screens.independent_random_dots(images, self.tone_range, seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class StylePoint(Point):
    """A halftone by style transfer: style image, losses, iteration.

    The screen is the style image's, a ramp of style_side pixels whose tones are raised to
    ramp_gamma, above 1 for more of the dark ones.  The rest as in `gatys.Settings`.
    """

    style_side: int
    content_layer: str
    style_weights: Mapping[str, float]
    alpha: float
    beta: float
    iterations: int
    optimizer: str
    step: float
    noise: float = 0.0
    decay: float = 1.0
    ramp_gamma: float = 1.0
    unhashed = "sigma"  # the eye's blur draws nothing

    @property
    def hash(self) -> str:
        """Short name of all that decides the pictures: this config and the weights."""
        return hash_of({**self.config, "weights": vgg.SHA256})

    @property
    def settings(self) -> gatys.Settings:
        """The style transfer it asks for."""
        names = {f.name for f in fields(gatys.Settings)} & {f.name for f in fields(self)}
        return gatys.Settings(**{name: getattr(self, name) for name in names})

    def style_image(self) -> Tensor:
        """The halftoned ramp whose texture is transferred: (1, 1, style_side, style_side)."""
        checks.above("ramp_gamma", self.ramp_gamma)
        tones = screens.ramp(self.style_side) ** self.ramp_gamma
        return screens.am_screen(tones, self.ruling, self.angle, self.dot)

    def halftone(self, images: Tensor) -> Tensor:
        """The halftone of each picture: (N, 1, size, size) in [0, 1], same shape back."""
        return transfer(self, images).image


METHODS: dict[str, type[StylePoint | ScreenPoint]] = {
    "style transfer": StylePoint,
    "screen": ScreenPoint,
}


@cache
def load(name: str, size: int = 32) -> Any:
    """The frozen point of that name for pictures of that side, a StylePoint or a ScreenPoint.

    Raises ValueError for another name or size, DataError for a file that is not as it should be.
    """
    rows, key = read_toml(FILE), f"{name}-{size}"
    checks.one_of("point", key, rows)
    try:
        row = dict(rows[key])
        method = row.pop("method", None)
        checks.one_of("method", method, METHODS)
        if "tone_range" in row:
            row["tone_range"] = tuple(row["tone_range"])
        point = METHODS[method](name=name, **row)
        _check(point, size)
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{FILE}, [{key}]: {error}") from None
    return point


def load_style(name: str, size: int = 32) -> StylePoint:
    """As `load`, for a point by style transfer; raises ValueError for one by a screen."""
    point = load(name, size)
    if not isinstance(point, StylePoint):
        raise ValueError(f"point {name}-{size} is drawn by a screen; style transfer is needed.")
    return point


def _check(point: StylePoint | ScreenPoint, size: int) -> None:
    """Raise ValueError for values that could not be drawn with."""
    if point.size != size:
        raise ValueError(f"size is {point.size}; under this heading it is {size}.")
    blank = torch.zeros(1, 1, size, size)
    point.from_afar(blank)
    if isinstance(point, ScreenPoint):
        point.halftone(blank)
    else:
        _ = point.settings, point.style_image()


@cache
def network_for(
    point: StylePoint,
    precision: torch.dtype = torch.float32,
    device: torch.device = CPU,
    network: vgg.VGG | None = None,
) -> tuple[vgg.VGG, gatys.Features]:
    """The VGG, and the style image's Gram matrices in float32, for halftoning at this point.

    network: another VGG than the embedded one.
    """
    network = network or vgg.load_vgg16()
    layers = point.settings.style_weights
    targets = gatys.style_targets(network, point.style_image(), layers, point.size)
    targets = {layer: A.to(device) for layer, A in targets.items()}
    return network.to(device, precision), targets


def transfer(
    point: StylePoint,
    images: Tensor,
    *,
    keep: tuple[int, ...] = (),
    iterations: int | None = None,
    batch: int = 0,
    precision: torch.dtype = torch.float32,
    compiled: bool = False,
    final_loss: bool = False,
    network: vgg.VGG | None = None,
) -> style_transfer.Trajectory:
    """Halftone any number of images at a point, `batch` at a time on each core.

    images: (N, 1, size, size) in [0, 1]; the results are where they are.
    iterations: another number than the frozen one.  network: another VGG than the embedded one.
    A batch a core is faster than every core on one batch: the features of 16 digits of 32
    pixels, or of one picture of 256, stay in a core's cache (the default, batch 0).
    """
    batch = batch or max(1, 2**14 // point.size**2)
    device = hardware.fastest_device()
    network, targets = network_for(point, precision, device, network)
    steps = point.iterations if iterations is None else iterations
    settings = replace(point.settings, iterations=steps)
    # The results lie in memory of their own: among the features of the batches they would leave
    # holes into which the next features do not fit, and memory would grow with the images.
    image = torch.empty_like(images)
    kept = {i: torch.empty_like(images) for i in keep}

    def of_batch(first: int) -> tuple[Tensor, Tensor, Tensor]:
        where = slice(first, first + batch)
        done = style_transfer.transfer(
            network,
            images[where].to(device),
            targets,
            settings,
            keep=keep,
            # a last, smaller batch would compile a second time
            compiled=compiled and len(images[where]) == batch,
            final_loss=final_loss,
        )
        image[where] = done.image
        for i, x in done.images.items():
            kept[i][where] = x
        return done.content.cpu(), done.style.cpu(), done.total.cpu()

    firsts = range(0, max(1, len(images)), batch)
    on_cpu = device.type == "cpu"
    losses = hardware.on_each_core(of_batch, firsts) if on_cpu else [*map(of_batch, firsts)]
    return style_transfer.Trajectory(
        image, kept, *(torch.cat(parts, dim=1) for parts in zip(*losses, strict=True))
    )


def steps(
    point: StylePoint, images: Tensor, keep: tuple[int, ...], network: vgg.VGG | None = None
) -> dict[int, Tensor]:
    """Halftones after some iterations: iteration -> (N, 1, size, size); drawn once, kept.

    As `transfer`, for a study that shows the same pictures to one network after another.
    """
    weights = network.state_dict().values() if network else ()
    of = [point.hash, keep, *(sha256(x.cpu().numpy().tobytes()) for x in (images, *weights))]
    path = CACHE / "transfer" / f"{hash_of(of)}.safetensors"
    if not path.exists():
        drawn = transfer(point, images, iterations=max(keep), keep=keep, network=network).images
        write_atomically(path, save({str(i): x.contiguous() for i, x in drawn.items()}))
    return {int(i): x for i, x in load_file(path).items()}
