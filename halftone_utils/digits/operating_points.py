"""The frozen halftones: what `data/operating_points.toml` says, and how it was chosen."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache

import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.engine import hardware
from halftone_utils.engine.files import DATA, DataError, hash_of
from halftone_utils.style import gatys, style_transfer, vgg

FILE = DATA / "operating_points.toml"
CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True, eq=False)  # one object a point: hashable by itself
class OperatingPoint:
    """One halftone by style transfer: style image, losses, iteration.

    size: side of the digits in pixels.  ruling (pixels per cell), angle (degrees) and dot:
    the screen of the style image, a ramp of style_side pixels; its tones are raised to
    ramp_gamma, above 1 for more of the dark ones.  The rest as in `style_transfer.Settings`.
    """

    name: str
    size: int
    ruling: float
    angle: float
    dot: str
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

    @property
    def settings(self) -> style_transfer.Settings:
        """The style transfer it asks for."""
        names = (
            "content_layer",
            "style_weights",
            "alpha",
            "beta",
            "iterations",
            "optimizer",
            "step",
            "decay",
            "noise",
        )
        return style_transfer.Settings(**{name: getattr(self, name) for name in names})

    def style_image(self) -> Tensor:
        """The halftoned ramp whose texture is transferred: (1, 1, style_side, style_side)."""
        if not self.ramp_gamma > 0:
            raise ValueError(f"ramp_gamma is {self.ramp_gamma}; it is greater than 0.")
        tones = screens.ramp(self.style_side) ** self.ramp_gamma
        return screens.am_screen(tones, self.ruling, self.angle, self.dot)

    @property
    def config(self) -> dict:
        """All fields, but for those that may be left out and are."""
        left_out = {f.name for f in fields(self) if getattr(self, f.name) == f.default}
        return {k: v for k, v in asdict(self).items() if k not in left_out}

    @property
    def hash(self) -> str:
        """Short name of all that decides the pictures: this config and the weights."""
        return hash_of({**self.config, "weights": vgg.SHA256})


@cache
def load(name: str, size: int = 32) -> OperatingPoint:
    """The operating point of that name for digits of that side.

    Raises ValueError for another name or size, DataError if the file is missing or not as it
    should be.
    """
    points, key = _read(), _key(name, size)
    if key not in points:
        raise ValueError(f"operating point is {key!r}; {FILE.name} has {', '.join(points)}.")
    try:
        point = OperatingPoint(name=name, **points[key])
        point.settings  # noqa: B018 - checks the values
        point.style_image()  # so does the screen
        if point.size != size:
            raise ValueError(f"size is {point.size}; under this heading it is {size}.")
        for layer in (point.content_layer, *point.style_weights):
            if layer not in vgg.LAYERS["vgg16"]:
                raise ValueError(f"layer is {layer!r}; VGG-16 has {vgg.LAYERS['vgg16']}.")
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{FILE}, [{key}]: {error}") from None
    return point


def _key(name: str, size: int) -> str:
    return name if size == 32 else f"{name}-{size}"


def names() -> tuple[tuple[str, int], ...]:
    """Name and size of all frozen operating points."""
    sizes = {key: points.get("size") for key, points in _read().items()}
    return tuple((key.removesuffix(f"-{size}"), size) for key, size in sizes.items())


def _read() -> dict:
    try:
        return tomllib.loads(FILE.read_text())
    except FileNotFoundError:
        raise DataError(f"{FILE} is missing: restore it with `git checkout data`.") from None
    except ValueError as error:  # TOMLDecodeError, or bytes that are no text
        raise DataError(f"{FILE} is not valid TOML ({error}).") from None


@cache
def network_for(
    point: OperatingPoint, precision: torch.dtype = torch.float32, device: torch.device = CPU
) -> tuple[vgg.VGG, gatys.Features]:
    """The VGG, and the style image's Gram matrices in float32, for halftoning at this point."""
    network = vgg.load_vgg16()
    layers = point.settings.style_weights
    targets = gatys.style_targets(network, point.style_image(), layers, point.size)
    targets = {layer: A.to(device) for layer, A in targets.items()}
    return network.to(device, precision), targets


def halftone(
    point: OperatingPoint,
    images: Tensor,
    *,
    keep: tuple[int, ...] = (),
    iterations: int | None = None,
    batch: int | None = None,
    precision: torch.dtype = torch.float32,
    device: torch.device | None = None,
    compiled: bool = False,
    final_loss: bool = False,
    progress: bool = False,
) -> style_transfer.Trajectory:
    """Halftone any number of images at an operating point, `batch` at a time on each core.

    images: (N, 1, size, size) in [0, 1].  iterations: another number than the frozen one.
    device: `fastest_device`, unless another is asked for; the results are where the images are.
    A batch a core is faster than every core on one batch: the features of 16 digits of 32
    pixels, or of one picture of 256, stay in a core's cache (the default), and no core waits
    for another.
    """
    batch = batch or max(1, 2**14 // point.size**2)
    device = hardware.fastest_device() if device is None else device
    network, targets = network_for(point, precision, device)
    settings = point.settings
    if iterations is not None:
        settings = replace(settings, iterations=iterations)
    bar = tqdm(total=len(images), desc=f"halftone-{point.name}", unit="digit", disable=not progress)

    # The results lie in memory of their own: among the features of the batches they would leave
    # holes into which the next features do not fit, and memory would grow with the images.
    image = torch.empty_like(images)
    kept = {i: torch.empty_like(images) for i in keep}

    def of_batch(first: int) -> tuple[Tensor, Tensor, Tensor]:
        where = slice(first, first + batch)
        # a last, smaller batch would compile a second time
        fast = compiled and len(images[where]) == batch
        done = style_transfer.transfer(
            network,
            images[where].to(device),
            targets,
            settings,
            keep=keep,
            compiled=fast,
            final_loss=final_loss,
        )
        image[where] = done.image
        for i, x in done.images.items():
            kept[i][where] = x
        bar.update(len(done.image))
        return done.content.cpu(), done.style.cpu(), done.total.cpu()

    with bar:
        firsts = range(0, max(1, len(images)), batch)
        on_processor = device.type == "cpu"
        losses = (
            hardware.on_each_core(of_batch, firsts) if on_processor else [*map(of_batch, firsts)]
        )
    return style_transfer.Trajectory(
        image, kept, *(torch.cat(parts, dim=1) for parts in zip(*losses, strict=True))
    )
