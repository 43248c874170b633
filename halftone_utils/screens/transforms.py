"""Screens as a transform of torchvision, for data sets and networks of one's own."""

import math
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from halftone_utils.engine import checks
from halftone_utils.engine.types import FeatureMaps, Images, ToneRange
from halftone_utils.screens.halftoning import halftone, parameters
from halftone_utils.screens.tone import FULL_RANGE, map_tone

# Angles of the plates [degrees] that are usual in offset printing: the strong inks 30 apart, so
# that their moiré is finest, and yellow, whose moiré shows least, between them.
ANGLES = {"C": 15.0, "M": 75.0, "Y": 0.0, "K": 45.0}
COLOURS = ("luminance", "separations")
MODES = {  # of PIL -> the one whose pixels are read
    **{mode: mode for mode in ("L", "LA", "RGB", "RGBA", "I;16")},
    "1": "L",
    "P": "RGBA",  # a palette may hold a transparent colour
}
WHITE = {torch.uint8: 255, torch.uint16: 65535}
BEYOND = 0.5  # a float picture that was resized bicubically leaves [0, 1] by less


def luminance(tones: FeatureMaps) -> Images:
    """The grey of pictures in red, green and blue: (N, 3, H, W) -> (N, 1, H, W); grey stays grey.

    The luma of ITU-R BT.601, as `torchvision.transforms.v2.Grayscale` and Pillow compute it.
    """
    red, green, blue = tones[:, :1], tones[:, tones.shape[1] // 2, None], tones[:, -1:]
    # As differences from green, so that equal channels give their own value to the last bit: a
    # white of 0.9999 would print specks of ink.
    return green + 0.299 * (red - green) + 0.114 * (blue - green)


class Halftone(v2.Transform):
    """Halftone pictures by a screen, with a probability: a transform for `v2.Compose`.

    Takes what v2 transforms take: PIL images, `tv_tensors.Image` and `Video`, plain tensors
    (..., C, H, W), alone or in a sample, whose labels, boxes and masks stay as they are.  Returns
    the type, dtype or mode, and size that it got; every channel is 0 or white: 255 in uint8, 65535
    in 16 bits, 1.0 in floating point.  C is 1 (grey) or 3 (red, green, blue); a further one is
    alpha: the picture is laid on white paper first, and comes back opaque.  Float pictures are in
    [0, 1]; what resizing leaves beyond is clamped.  So it belongs behind `Resize` and crops, which
    would blur and shift dots, and before `Normalize`.

    kind: one of `screens.KINDS`.  ruling [px a cell], angle [degrees], dot: of kind "am"; None
    for its defaults.  tone_range: tones are mapped into it first.
    p: probability of a halftone, drawn from torch's generator once a call: once a batch too.
    colour: "luminance" prints the halftone of the luma into all channels.  "separations" prints a
    plate an ink: red, green and blue are the complements of cyan, magenta and yellow, each behind
    its own screen, of kind "am" at C 15, M 75, Y 0 degrees (a grey picture is all black ink, 45).
    Inks are ideal ones: where one lies, its channel is 0.  So channels keep their tones.
    black: 0 to 1, share of the grey that all three inks have in common, printed by a black plate
    at 45 degrees instead (grey component replacement); of "separations" of kind "am" only, where
    plates that cross at an angle overlap as if by chance and channels still keep their tones.
    arguments: others of those that `screens.parameters(kind)` lists.
    Raises ValueError for an argument or a picture that is not allowed.
    """

    _transformed_types = (
        Image.Image,
        tv_tensors.Image,
        tv_tensors.Video,
        v2.functional.is_pure_tensor,
    )

    def __init__(
        self,
        kind: str = "am",
        ruling: float | None = None,
        angle: float | None = None,
        dot: str | None = None,
        tone_range: ToneRange = FULL_RANGE,
        p: float = 1.0,
        *,
        colour: str = "luminance",
        black: float = 0.0,
        **arguments: Any,
    ) -> None:
        """Check the arguments, by a first print."""
        super().__init__()
        checks.one_of("colour", colour, COLOURS)
        checks.within("p", p, 0, 1)
        checks.within("black", black, 0, 1)
        of_am = {"ruling": ruling, "angle": angle, "dot": dot}
        self.arguments = {k: v for k, v in of_am.items() if v is not None} | arguments
        self.kind, self.tone_range, self.p = kind, tone_range, p
        self.colour, self.black = colour, black
        halftone(torch.zeros(1, 1, 8, 8), kind, tone_range=tone_range, **self.arguments)
        separate, turns = colour == "separations", "angle" in parameters(kind)
        if separate and angle is not None:
            raise ValueError(
                f"angle is {angle!r}; in separations it is None, since each plate has its own: "
                + ", ".join(f"{ink} {degrees:g}" for ink, degrees in ANGLES.items())
                + " degrees."
            )
        if black and not (separate and turns):
            raise ValueError(
                f"black is {black!r} with colour {colour!r} and kind {kind!r}; only separations "
                "of a kind that takes an angle have a black plate."
            )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Whether this sample is printed."""
        return {"printed": bool(torch.rand(1) < self.p)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The halftone of one picture, or batch of them, of a sample."""
        if not params["printed"]:
            return inpt
        if isinstance(inpt, Image.Image):
            return self._of_pil(inpt)
        return tv_tensors.wrap(self._of_tensor(inpt.as_subclass(Tensor)), like=inpt)

    def extra_repr(self) -> str:
        """The arguments, as they are written in a call."""
        named = {
            "kind": self.kind,
            **self.arguments,
            "tone_range": self.tone_range,
            "p": self.p,
            "colour": self.colour,
            "black": self.black,
        }
        return ", ".join(f"{name}={value!r}" for name, value in named.items())

    def _of_pil(self, image: Image.Image) -> Image.Image:
        checks.one_of("mode of the picture", image.mode, MODES)
        pixels = np.array(image.convert(MODES[image.mode]))
        channels_first = torch.from_numpy(np.atleast_3d(pixels)).permute(2, 0, 1)
        printed = self._of_tensor(channels_first).permute(1, 2, 0).reshape(pixels.shape)
        result = Image.fromarray(printed.numpy())
        if image.mode == "P":
            result = result.convert("RGB")
        # what is printed is in the web's palette, and needs no dither
        return result.convert(image.mode, dither=Image.Dither.NONE)

    def _of_tensor(self, pictures: Tensor) -> Tensor:
        shape, dtype = pictures.shape, pictures.dtype
        known = dtype in WHITE or dtype.is_floating_point
        if not known or len(shape) < 3 or not 1 <= shape[-3] <= 4:
            raise ValueError(
                f"pictures are {dtype} {tuple(shape)}; they are floating, uint8 or uint16 "
                "(..., C, H, W), where C is 1 (grey) or 3 (colour), or one more with alpha."
            )
        if not pictures.numel():
            return pictures
        white = WHITE.get(dtype, 1)
        tones = pictures.reshape(math.prod(shape[:-3]), *shape[-3:]).float() / white
        least, most = (float(x) for x in tones.aminmax())
        if not (least >= -BEYOND and most <= 1 + BEYOND):
            raise ValueError(
                f"pictures have values from {least:.4g} to {most:.4g}; they are in [0, 1], as they "
                "are before they are normalised."
            )
        tones = tones.clamp(0, 1)
        if shape[-3] in (2, 4):
            tones, alpha = tones[:, :-1], tones[:, -1:]
            tones = tones * alpha + (1 - alpha)
            printed = torch.cat([self._print(tones), torch.ones_like(alpha)], 1)
        else:
            printed = self._print(tones)
        return (printed * white).to(dtype).view(shape)

    def _print(self, tones: FeatureMaps) -> FeatureMaps:
        """The halftone of pictures (N, 1 or 3, H, W) in [0, 1]: 0.0 or 1.0, of the same shape."""
        tones = map_tone(tones, self.tone_range)
        if self.colour == "luminance" or tones.shape[1] == 1:
            return halftone(luminance(tones), self.kind, **self.arguments).expand_as(tones)
        # Ideal inks over each other let through the product of what each does, so the three others
        # are thinned by what the black one takes: tone = (tone / key) * key.
        key = 1 - self.black * (1 - tones.amax(1, keepdim=True))
        inks = torch.cat([tones / key.clamp_min(1e-6), key], 1)
        turns = "angle" in parameters(self.kind)
        angles = ({"angle": angle} if turns else {} for angle in ANGLES.values())
        cyan, magenta, yellow, black = (
            halftone(ink, self.kind, **self.arguments, **angle)
            for ink, angle in zip(inks.split(1, 1), angles, strict=True)
        )
        return torch.cat([cyan, magenta, yellow], 1) * black
