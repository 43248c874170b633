"""CAPTCHAs are the same for the same arguments, and hide from a blur what they say they hide."""

import io
import math
from functools import cache

import pytest
import torch
from captcha import image as package
from PIL import Image

from halftone_utils.captcha import challenge, legibility, solvers, texture
from halftone_utils.screens import perception

TEXT = "HALF7"
QUICK = [name for name in challenge.SCHEMES if name != "style-transfer"]  # that one takes seconds
ISO_TONE = [name for name, scheme in challenge.SCHEMES.items() if scheme.kind == "iso-tone"]
SCREENS = [name for name, scheme in challenge.SCHEMES.items() if scheme.kind == "screen"]


@cache
def tones(scheme):
    return solvers.as_tensor([challenge.make_captcha(TEXT, scheme, 3)])


def contrast(x, scheme):
    ink = challenge.letters_of(TEXT, scheme, 3).ink > 0.5
    return abs(float(x[ink].mean() - x[~ink].mean()))


@pytest.mark.parametrize("scheme", QUICK)
def test_the_same_arguments_are_the_same_picture_alone_and_in_company(scheme):
    texts, company = challenge.random_texts(2, 3), challenge.make_captchas(scheme, range(3, 5))
    alone = [challenge.make_captcha(text, scheme, 3 + i) for i, text in enumerate(texts)]
    assert company == alone
    assert challenge.make_captcha("HALF8", scheme, 3) != challenge.make_captcha(TEXT, scheme, 3)
    assert len({challenge.make_captcha("A", scheme, seed).tobytes() for seed in (3, 4)}) == 2


@pytest.mark.parametrize("scheme", ISO_TONE)
def test_a_blur_erases_an_iso_tone_halftone(scheme):
    x, given = tones(scheme), challenge.SCHEMES[scheme].parameters
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert contrast(x, scheme) < 0.01
    of_one_cell = perception.integrate(x, given.get("cell", given.get("ruling")))
    assert contrast(of_one_cell, scheme) < 0.02
    seen = perception.integrate(x, 9)
    assert contrast(seen, scheme) < 0.005
    inner = seen[..., 27:-27, 27:-27]
    assert float(inner.max() - inner.min()) < 0.05  # no contour is left either


def coarseness(x):
    """Pixels from one edge of a line to the next, around each pixel."""
    edges = (x[..., 1:, 1:] != x[..., :-1, :-1]).float()
    return 1 / perception.integrate(edges, 8)[0, 0].clamp_min(0.01)


def test_what_the_blur_erases_is_plain_in_the_texture():
    ink = challenge.letters_of(TEXT, "iso-tone-angle", 3).ink[0, 0] > 0.5
    _, cos, _, _ = texture.structure(tones("iso-tone-angle"), 4)[0]
    assert cos[~ink].mean() < -0.5  # lines at 20 degrees, their normal at 110: cos 220
    assert cos[ink].mean() > 0.2  # cos 40
    length = texture.structure(tones("iso-tone-kind"), 4)[0, 3]
    assert length[ink].mean() < 0.6 * length[~ink].mean()  # round dots have no one angle
    apart = coarseness(tones("iso-tone-ruling"))
    assert apart[ink[1:, 1:]].mean() > 1.3 * apart[~ink[1:, 1:]].mean()


def test_letters_of_the_mixed_scheme_differ_from_one_another_in_ruling():
    letters = challenge.letters_of(TEXT, "iso-tone-mixed", 3)
    apart = coarseness(tones("iso-tone-mixed"))
    ink = letters.ink[0, 0, 1:, 1:] > 0.5
    of_letter = [float(apart[ink & (letters.letter[1:] == i)].mean()) for i in range(len(TEXT))]
    assert max(of_letter[:3]) > 1.5 * min(of_letter[:3])  # any three have all cues


def test_other_threads_keep_the_unpredictable_package():
    before = package.secrets
    challenge.make_captcha(TEXT, "distorted", 3)
    assert package.secrets is before


@pytest.mark.parametrize("scheme", SCREENS)
def test_a_blur_leaves_a_screen_legible(scheme):
    x = tones(scheme)
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert contrast(perception.integrate(x, 9), scheme) > 0.2


def test_texts_are_of_letters_that_are_not_taken_for_one_another():
    texts = challenge.random_texts(500, seed=1)
    assert texts == challenge.random_texts(500, seed=1) != challenge.random_texts(500, seed=2)
    assert set("".join(texts)) == set(challenge.ALPHABET)
    assert not set("0OQ1IBGSZMVW") & set(challenge.ALPHABET)
    assert {len(text) for text in texts} == {5}


def test_a_site_gets_a_png_and_a_hash_that_knows_the_answer():
    one, other = (challenge.issue("plain", text=TEXT) for _ in range(2))
    assert Image.open(io.BytesIO(one.png)).format == "PNG"
    assert one.png != other.png
    assert one.answer_hash != other.answer_hash  # salted
    assert TEXT not in one.answer_hash
    right = (TEXT, " half7 ", "ＨＡＬＦ７", "ｈａｌｆ７\u3000")  # the last two full-width
    for answer in (*right, "HALF8", "", None, 7, TEXT.encode(), "\ud800", TEXT + "\udfff"):
        assert challenge.verify(answer, one.answer_hash) is (answer in right)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": ""}, "text is ''; it is a string of 1 to 8 letters"),
        ({"text": "ABCDEFGHJ"}, "1 to 8 letters"),
        ({"text": "A漢"}, "the font cannot draw '漢'"),
        ({"scheme": "moire"}, "scheme is 'moire'; it is one of plain"),
        ({"text": "A B"}, "the font cannot draw ' '"),
        ({"text": 7}, "text is 7; it is a string"),
        ({"seed": 1.5}, "seed is 1.5; it is a whole number"),
        ({"seed": True}, "seed is True; it is a whole number"),
        ({"ruling": 6}, "'plain' has no ruling to set"),
        ({"scheme": "lines", "angle": 200}, "angle is 200; it is 0 to 180 degrees"),
    ],
)
def test_what_cannot_be_drawn_is_named(arguments, said, unchecked):
    asked = {"text": TEXT, "scheme": "plain", "seed": 1, **arguments}
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        challenge.make_captcha(**asked)


@pytest.mark.parametrize("answer_hash", ["", "scrypt$a$b", "md5$AAAA$AAAA"])
def test_a_hash_that_is_none_is_named(answer_hash):
    with pytest.raises(ValueError, match="it is what `issue` gave"):
        challenge.verify("A", answer_hash)


def test_dials_of_a_scheme_turn_its_screens():
    assert challenge.SCHEMES["plain"].dials == {}
    own = challenge.SCHEMES["iso-tone-ruling"].dials
    assert own == {"ruling": 4.5, "angle": 20}
    drawn = challenge.make_captcha(TEXT, "iso-tone-ruling", 3)
    assert challenge.make_captcha(TEXT, "iso-tone-ruling", 3, **own) == drawn
    turned = challenge.SCHEMES["iso-tone-angle"].varied(ruling=9, angle=50)
    assert turned.parameters["of_figure"] == {"ruling": 9, "angle": 140, "dot": "line"}
    assert turned.parameters["cell"] == 9


def test_proxies_of_legibility_tell_the_channels_apart():
    plain, hidden, distorted = (
        legibility.proxies(scheme, range(3, 4))
        for scheme in ("plain", "iso-tone-angle", "distorted")
    )
    assert plain["tone"] > 50
    assert plain["ssim"] > 0.95
    assert hidden["tone"] < 0.5
    assert hidden["ssim"] < 0.5
    assert hidden["texture"] > 3
    ink = challenge.letters_of(TEXT, "plain", 3).ink
    assert legibility.similarity_from_afar(ink, ink) > 0.95  # light on dark is as good
    grain = torch.rand(ink.shape, generator=torch.Generator().manual_seed(0))
    assert legibility.texture_contrast(grain, ink) < 0.5
    assert all(math.isnan(value) for value in distorted.values())
