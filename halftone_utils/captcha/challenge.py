"""Text CAPTCHAs, plain, distorted and behind halftones: one text, one seed, many ways to draw it.

`make_captcha` is for experiments: the same arguments, the same picture.  `issue` and `verify` are
for a site: what they draw cannot be foreseen, and the answer leaves the server only as a hash.
"""

import base64
import hashlib
import hmac
import io
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from captcha.image import DEFAULT_FONTS
from matplotlib.ft2font import FT2Font
from PIL import Image
from torch import Tensor

from halftone_utils.captcha.schemes import (
    SCHEMES,
    Dice,
    Letters,
    Scheme,
    draw_letters,
    package_of,
    varied,
)
from halftone_utils.engine import hardware

# None that is taken for another: no 0, O, Q; 1, I; 8's B; 6's G; 5's S; 2's Z; no M, V, W.
ALPHABET = "ACDEFHJKLNPRTUXY23456789"
LENGTH, LONGEST = 5, 8  # letters of a text
SCALES = (1, 2, 3, 4)
# scrypt's n, r, p: 16 MiB and about 50 ms an answer
COST = {"n": 2**14, "r": 8, "p": 1}


def random_texts(n: int, seed: int, length: int = LENGTH) -> list[str]:
    """n texts of letters that are not taken for one another, the same for the same seed.

    Raises ValueError for a length that is not 1 to 8.
    """
    if not 1 <= length <= LONGEST:
        raise ValueError(f"length is {length}; a text has 1 to {LONGEST} letters.")
    dice = random.Random(f"texts {seed}")
    return ["".join(dice.choices(ALPHABET, k=length)) for _ in range(n)]


@cache
def _letters_of_the_font() -> frozenset[str]:
    drawn = map(chr, FT2Font(DEFAULT_FONTS[0]).get_charmap())
    return frozenset(c for c in drawn if c.isprintable() and not c.isspace())


def scheme_of(name: str) -> Scheme:
    """The scheme of that name; raises ValueError that lists the names there are."""
    if name not in SCHEMES:
        raise ValueError(f"scheme is {name!r}; it is one of {', '.join(SCHEMES)}.")
    return SCHEMES[name]


def _check(text: str, scheme: str, seed: int, scale: int) -> None:
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST:
        raise ValueError(f"text is {text!r}; it is a string of 1 to {LONGEST} letters.")
    lacking = sorted(set(text) - _letters_of_the_font())
    if lacking:
        raise ValueError(
            f"text is {text!r}; the font cannot draw {' '.join(map(repr, lacking))} "
            f"(it can {ALPHABET} and whatever else Droid Sans Mono has)."
        )
    scheme_of(scheme)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"seed is {seed!r}; it is a whole number.")
    if isinstance(scale, bool) or scale not in SCALES:
        raise ValueError(f"scale is {scale!r}; it is one of {', '.join(map(str, SCALES))}.")


def letters_of(text: str, scheme: str, seed: int) -> Letters:
    """What a scheme prints: the shape of the text before any halftone, as `make_captcha` has it.

    Raises ValueError as `make_captcha` does.
    """
    _check(text, scheme, seed, 1)
    return draw_letters(text, seed, **SCHEMES[scheme].lettering)


def _tones(text: str, scheme: str, seed: int, how: Scheme) -> Tensor:
    """The picture in [0, 1], (1, 1, H, W)."""
    dice = Dice(f"{scheme} {seed}")
    return how.draw(draw_letters(text, seed, **how.lettering), dice, **how.parameters)


def _to_image(tones: Tensor, seed: int, scale: int, colour: bool) -> Image.Image:
    """Mode L, or RGB from an ink to a paper that the seed chooses, each pixel `scale` wide."""
    levels = tones[0, 0].clamp(0, 1)
    if colour:
        random_color = package_of(Dice(f"colours {seed}")).random_color
        ink, paper = torch.tensor(random_color(0, 110)), torch.tensor(random_color(200, 255))
        levels = (ink + levels[..., None] * (paper - ink)) / 255
    pixels = (levels * 255).round().byte()
    for axis in (0, 1):
        pixels = pixels.repeat_interleave(scale, axis)
    return Image.fromarray(pixels.numpy())


def make_captchas(
    texts: Sequence[str],
    scheme: str,
    seeds: Sequence[int],
    *,
    scale: int = 1,
    colour: bool = False,
    ruling: float | None = None,
    angle: float | None = None,
) -> list[Image.Image]:
    """Draw many CAPTCHAs of one scheme, one on each core: each as `make_captcha` draws it alone.

    Raises ValueError as `make_captcha` does, and for texts and seeds of different number.
    """
    if len(texts) != len(seeds):
        raise ValueError(f"there are {len(texts)} texts and {len(seeds)} seeds; each has its own.")
    for text, seed in zip(texts, seeds, strict=True):
        _check(text, scheme, seed, scale)
    how = varied(scheme_of(scheme), ruling, angle)

    def draw(i: int) -> Image.Image:
        return _to_image(_tones(texts[i], scheme, seeds[i], how), seeds[i], scale, colour)

    # On one thread each, so that no sum is split another way on a machine with more of them.
    return hardware.on_each_core(draw, range(len(texts)))


def make_captcha(
    text: str,
    scheme: str,
    seed: int,
    *,
    scale: int = 1,
    colour: bool = False,
    ruling: float | None = None,
    angle: float | None = None,
) -> Image.Image:
    """Draw a CAPTCHA: the same picture, bit for bit, for the same arguments.

    text: 1 to 8 letters; those of ALPHABET are not taken for one another.  scheme: one of SCHEMES.
    seed: places, turns and warps the letters, the same way in every scheme, and rolls what a
    scheme draws at random; with `colour`, the ink and the paper too.
    scale: 1 to 4, how many pixels wide a pixel is drawn: more would show an attacker no finer
    contour, and dots stay dots.
    ruling, angle: other ones than the scheme's own, see `captcha_drawing.varied`.
    Returns mode L, or RGB in colour, of height 176 scale and width (104 n + 24) scale, n letters.
    Raises ValueError that names what is not allowed.

    Floating point is not quite the same on processors of another kind: there a pixel may differ.
    """
    return make_captchas(
        [text], scheme, [seed], scale=scale, colour=colour, ruling=ruling, angle=angle
    )[0]


@dataclass(frozen=True)
class Challenge:
    """What a site keeps and shows.  png: for the visitor.  answer_hash: for `verify`, kept back."""

    png: bytes
    answer_hash: str


def _hash(answer: str, salt: bytes) -> bytes:
    # Letters are drawn upper case, and nobody should fail for typing them small.
    return hashlib.scrypt(answer.strip().upper().encode(), salt=salt, **COST)


def issue(
    scheme: str = "iso-tone-kind", *, text: str | None = None, scale: int = 1, colour: bool = False
) -> Challenge:
    """A new CAPTCHA for a visitor: a PNG, and its answer as a salted hash (scrypt, RFC 7914).

    scheme: unless said otherwise the most legible of those that stock solvers do not read (page 7).
    text: random letters of ALPHABET unless one is given.  Seed and salt come from `secrets`.
    Keep the hash on the server, accept one answer for it, and soon none: there are 24^5 = 8
    million texts of five letters, so whoever has the hash finds the answer in days.
    Raises ValueError as `make_captcha` does.
    """
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) if text is None else text
    stream, salt = io.BytesIO(), secrets.token_bytes(16)
    make_captcha(text, scheme, secrets.randbits(64), scale=scale, colour=colour).save(stream, "PNG")
    parts = (base64.b64encode(part).decode() for part in (salt, _hash(text, salt)))
    return Challenge(stream.getvalue(), "$".join(("scrypt", *parts)))


def verify(answer: str, answer_hash: str) -> bool:
    """Whether an answer is the one of the challenge; small letters and spaces around it are fine.

    Takes as long for a wrong answer as for a right one (`hmac.compare_digest`).
    Raises ValueError for a hash that `issue` has not made.
    """
    try:
        name, *parts = answer_hash.split("$")
        salt, expected = (base64.b64decode(part, validate=True) for part in parts)
        if name != "scrypt" or len(salt) != 16 or len(expected) != 64:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"answer_hash is {answer_hash!r}; it is what `issue` gave: scrypt$salt$hash."
        ) from None
    return hmac.compare_digest(_hash(answer, salt), expected)
