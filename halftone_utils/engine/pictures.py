"""The one door for pictures from elsewhere: upright, on white paper, in 8 bits."""

import io
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

Mode = Literal["L", "RGB"]
WHITE = 65535  # of 16 bits


def read(content: bytes, mode: Mode = "L") -> Image.Image:
    """The picture in the bytes of a file of any format that Pillow reads, as `flattened` has it.

    It is turned as its EXIF orientation says.
    Raises ValueError in one sentence for what is no picture, and as `flattened` does.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            upright = ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "it is empty" if not content else type(error).__name__
        raise ValueError(
            f"The file is no picture that can be read ({reason}); PNG, JPEG and GIF are."
        ) from None
    return flattened(upright, mode)


def flattened(picture: Image.Image, mode: Mode = "L") -> Image.Image:
    """A picture of any of Pillow's modes in grey (L) or colour (RGB), 8 bits a channel.

    Where it is transparent, white paper shows.  Grey of 16 bits is scaled, 65535 to 255.
    Raises ValueError in one sentence for grey beyond 16 bits, which has no known white.
    """
    if picture.mode[0] in "IF":
        return _of_16_bits(picture).convert(mode)
    if picture.has_transparency_data:
        inks = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", inks.size, "white"), inks)
    return picture.convert(mode)


def _of_16_bits(picture: Image.Image) -> Image.Image:
    levels = np.asarray(picture).astype(np.int64)
    if picture.mode == "F" or levels.min() < 0 or levels.max() > WHITE:
        raise ValueError(
            f"The picture is grey of 32 bits (mode {picture.mode}), of which no value is known to "
            f"be white; of 16 bits it is {WHITE}."
        )
    paper = levels == picture.info.get("transparency", -1)  # the one level that is clear
    levels = np.where(paper, WHITE, levels)
    return Image.fromarray((levels / (WHITE / 255)).round().astype(np.uint8))
