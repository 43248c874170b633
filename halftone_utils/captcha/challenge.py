"""Text CAPTCHAs, plain, distorted and behind halftones.

`make_captcha` is for experiments: the same arguments, the same picture.  `issue` and `verify` are
for a site: what they draw cannot be foreseen, and the answer leaves the server only as a hash.
"""

import base64
import hashlib
import hmac
import io
import random
import secrets
import unicodedata
from dataclasses import dataclass

from captcha.image import DEFAULT_FONTS
from matplotlib.ft2font import FT2Font
from PIL import Image

from halftone_utils.captcha.drawing import Letters, draw_letters
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.engine import checks, hardware

# No two that are confused: without 0, O, Q, 1, I, B (8), G (6), S (5), Z (2), M, V and W.
ALPHABET = "ACDEFHJKLNPRTUXY23456789"
LENGTH, LONGEST = 5, 8  # letters of a random text, and of any
FONT = FT2Font(DEFAULT_FONTS[0])
# scrypt's n, r, p: 16 MiB and about 50 ms an answer
COST = {"n": 2**14, "r": 8, "p": 1}


def random_texts(n: int, seed: int) -> list[str]:
    """n texts of LENGTH letters of ALPHABET, the same for the same seed."""
    dice = random.Random(f"texts {seed}")
    return ["".join(dice.choices(ALPHABET, k=LENGTH)) for _ in range(n)]


def _check(text: str, scheme: str, seed: int) -> None:
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST:
        raise ValueError(f"text is {text!r}; it is a string of 1 to {LONGEST} letters.")
    drawn = {c for c in text if c.isprintable() and not c.isspace() and FONT.get_char_index(ord(c))}
    if lacking := sorted(set(text) - drawn):
        raise ValueError(
            f"text is {text!r}; the font cannot draw {' '.join(map(repr, lacking))} "
            f"(it can {ALPHABET} and whatever else Droid Sans Mono has)."
        )
    checks.one_of("scheme", scheme, SCHEMES)
    checks.whole("seed", seed, 0, 2**64)


def letters_of(text: str, scheme: str, seed: int) -> Letters:
    """The shape of a text before any halftone; raises ValueError as `make_captcha` does."""
    _check(text, scheme, seed)
    return draw_letters(text, seed, **SCHEMES[scheme].lettering)


def make_captcha(text: str, scheme: str, seed: int, **dials: float) -> Image.Image:
    """Draw a CAPTCHA: the same picture, bit for bit, for the same arguments.

    text: 1 to 8 letters; those of ALPHABET are not taken for one another.  scheme: one of SCHEMES.
    seed: decides place, turn and warp of the letters, the same in every scheme, and what a scheme
    draws at random; a whole number, 0 to 2^64.
    dials: another ruling or angle than the scheme's own, see `Scheme.varied`.
    Returns mode L, of height 176 and width 104 n + 24, n letters.
    Raises ValueError that names what is not allowed.

    Floating point is not quite the same on processors of another kind: there a pixel may differ.
    """
    _check(text, scheme, seed)
    drawing = SCHEMES[scheme].varied(**dials)
    # On one thread, so that no sum is split another way on a machine with more of them.
    (tones,) = hardware.on_each_core(lambda seed: drawing(text, seed), [seed])
    return Image.fromarray((tones[0, 0].clamp(0, 1) * 255).round().byte().numpy())


def make_captchas(scheme: str, seeds: range) -> list[Image.Image]:
    """A CAPTCHA a seed, one on each core; texts: `random_texts` of the first seed."""
    texts = random_texts(len(seeds), seeds.start)
    pairs = zip(texts, seeds, strict=True)
    return hardware.on_each_core(lambda pair: make_captcha(pair[0], scheme, pair[1]), pairs)


@dataclass(frozen=True)
class Challenge:
    """What a site keeps and shows.  png: for the visitor.  answer_hash: for `verify`, kept back."""

    png: bytes
    answer_hash: str


def _hash(answer: str, salt: bytes) -> bytes:
    # Case does not matter: letters are drawn upper case, and many people type lower case; nor does
    # width: an input method for Chinese or Japanese types full-width letters (NFKC, UAX #15).
    typed = unicodedata.normalize("NFKC", answer).strip().upper()
    return hashlib.scrypt(typed.encode(), salt=salt, **COST)


def issue(scheme: str = "iso-tone-kind", *, text: str | None = None) -> Challenge:
    """A new CAPTCHA for a visitor: a PNG, and its answer as a salted hash (scrypt, RFC 7914).

    scheme: unless said otherwise the most legible that stock solvers do not read (page 10).
    text: random letters of ALPHABET unless one is given.  Seed and salt come from `secrets`.
    Keep the hash on the server, accept one answer for it, and let it expire: there are 24^5 = 8
    million texts of five letters, so whoever has the hash finds the answer in days.
    Raises ValueError as `make_captcha` does.
    """
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) if text is None else text
    stream, salt = io.BytesIO(), secrets.token_bytes(16)
    make_captcha(text, scheme, secrets.randbits(64)).save(stream, "PNG")
    parts = (base64.b64encode(part).decode() for part in (salt, _hash(text, salt)))
    return Challenge(stream.getvalue(), "$".join(("scrypt", *parts)))


def verify(answer: object, answer_hash: str) -> bool:
    """Whether an answer is the one of the challenge.

    Small letters, full-width ones and spaces around it are fine; what is no text, None or lone
    surrogates, is no answer.
    Takes as long for a wrong answer as for a right one (`hmac.compare_digest`).
    Raises ValueError for a hash that `issue` has not made.
    """
    try:
        name, *parts = answer_hash.split("$")
        salt, expected = (base64.b64decode(part, validate=True) for part in parts)
        if name != "scrypt" or len(salt) != 16 or len(expected) != 64:
            raise ValueError
    except (AttributeError, ValueError):
        raise ValueError(
            f"answer_hash is {answer_hash!r}; it is what `issue` gave: scrypt$salt$hash."
        ) from None
    try:
        given = _hash(answer, salt) if isinstance(answer, str) else b""
    except UnicodeEncodeError:
        return False
    return hmac.compare_digest(given, expected)
