"""A halftone as a transform is the screen's own, whatever a picture comes in, and nothing else."""

import copy
import re

import numpy as np
import pytest
import torch
from peaks import off_the_grid
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.transforms import v2

from halftone_utils import screens
from halftone_utils.screens import Halftone
from halftone_utils.screens.transforms import ANGLES

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
SEPARATED = Halftone(ruling=5, colour="separations", black=0.5)
EVERY = {kind: Halftone(kind) for kind in screens.KINDS} | {
    "separations": Halftone("floyd-steinberg", colour="separations"),
    "separations with black": SEPARATED,
}
every = pytest.mark.parametrize("halftone", EVERY.values(), ids=[*EVERY])


def pixels(*shape):
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def picture(mode):
    """A picture of that mode, 40 pixels wide and 30 high, of all tones."""
    if mode == "I;16":
        return Image.fromarray(pixels(30, 40).numpy().astype(np.uint16) * 257)
    return Image.fromarray(pixels(30, 40, 4).numpy()).convert(mode)


def flat(*channels, side=256):
    return torch.tensor(channels)[:, None, None].expand(-1, side, side)


def inks(printed):
    """The colours that a PIL image holds, as red, green and blue."""
    return {*printed.convert("RGB").get_flattened_data()}


@pytest.mark.parametrize("kind", [kind for kind in screens.KINDS if kind != "atkinson"])
def test_a_flat_tone_turns_its_share_of_the_pixels_white(kind):
    printed = Halftone(kind)(Image.new("L", (64, 64), 0x66))
    assert abs(np.array(printed).mean() / 255 - 0.4) < 0.02


@every
@pytest.mark.parametrize("mode", MODES)
def test_a_pil_image_comes_back_in_its_own_mode_and_size_in_two_tones_a_channel(halftone, mode):
    given = picture(mode)
    before = given.tobytes()
    printed = halftone(given)
    assert (printed.mode, printed.size) == (mode, given.size)
    assert given.tobytes() == before
    values = np.unique(np.array(printed.convert("RGB") if mode == "P" else printed))
    assert values.tolist() == [0, {"1": 1, "I;16": 65535}.get(mode, 255)]


def test_a_pil_image_prints_as_the_screen_prints_its_pixels():
    given = picture("L")
    expected = screens.halftone(torch.from_numpy(np.array(given))[None], "am", ruling=5, angle=30)
    assert np.array_equal(np.array(Halftone("am", 5, 30)(given)) > 0, expected[0].numpy())


def test_a_palette_prints_as_the_colours_that_it_stands_for():
    given = picture("P")
    for halftone in (Halftone(), SEPARATED):
        expected = halftone(given.convert("RGBA"))
        assert np.array_equal(np.array(halftone(given).convert("RGBA")), np.array(expected))


def test_65535_in_16_bits_is_white():
    eight = pixels(30, 40)
    sixteen = (eight.int() * 257).to(torch.uint16)
    printed = Halftone()(Image.fromarray(sixteen.numpy()))
    assert np.array_equal(np.array(printed) > 0, Halftone()(eight[None])[0].numpy() > 0)
    assert torch.equal(
        Halftone()(sixteen[None])[0].int(), torch.from_numpy(np.array(printed)).int()
    )


@every
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64])
def test_a_tensor_comes_back_in_its_own_dtype_and_shape(halftone, dtype):
    given = v2.functional.to_dtype(pixels(2, 3, 24, 32), dtype, scale=True)
    printed = halftone(given)
    assert (printed.dtype, printed.shape) == (dtype, given.shape)
    assert printed.unique().tolist() == [0, 255 if dtype == torch.uint8 else 1]


@every
def test_uint8_prints_as_the_same_picture_in_0_to_1(halftone):
    given = pixels(3, 24, 32)
    assert torch.equal(halftone(given) / 255, halftone(given / 255))


@every
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_batch_prints_as_its_pictures_one_by_one(halftone, channels):
    given = pixels(2, 2, channels, 24, 32)
    alone = [halftone(x) for x in given.flatten(0, 1)]
    assert torch.equal(halftone(given), torch.stack(alone).view_as(given))
    assert halftone(given[:0]).shape == given[:0].shape


def test_what_is_no_picture_in_a_sample_stays_as_it_is():
    sample = {
        "image": tv_tensors.Image(pixels(3, 24, 32)),
        "video": tv_tensors.Video(pixels(5, 3, 24, 32)),
        "mask": tv_tensors.Mask(pixels(1, 24, 32)),
        "boxes": tv_tensors.BoundingBoxes([[1, 2, 3, 4]], format="XYXY", canvas_size=(24, 32)),
        "label": 7,
        "weights": torch.rand(3, 24, 32),
    }
    printed = Halftone()(sample)
    assert {k: type(v) for k, v in printed.items()} == {k: type(v) for k, v in sample.items()}
    for name in ("mask", "boxes", "label", "weights"):
        assert printed[name] is sample[name]
    assert torch.equal(printed["image"], Halftone()(pixels(3, 24, 32)))
    assert torch.equal(printed["video"][4], Halftone()(pixels(5, 3, 24, 32)[4]))
    image, label = Halftone()(picture("RGB"), 7)
    assert (image.mode, label) == ("RGB", 7)


def test_it_composes_with_other_transforms():
    into = v2.Compose(
        [v2.RandomCrop(24), Halftone(p=1), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    )
    made = into(picture("RGB"))
    assert made.shape == (3, 24, 24)
    assert made.unique().tolist() == [0, 1]


def test_p_is_the_probability_of_a_halftone_by_torchs_generator():
    given = picture("L")
    assert Halftone(p=0)(given) is given
    often = Halftone(p=0.25)

    def printed(seed):
        torch.manual_seed(seed)
        return [often(given) is not given for _ in range(400)]

    assert printed(1) == printed(1) != printed(2)
    assert 0.18 < sum(printed(1)) / 400 < 0.32


@pytest.mark.parametrize("kind", ["am", "floyd-steinberg"])
def test_workers_of_a_loader_print_the_same(kind):
    halftone = Halftone(kind, p=1)
    halftone(pixels(3, 24, 32))  # threads of this process, which workers do not inherit
    data = [*pixels(12, 3, 24, 32)]
    loader = DataLoader(data, batch_size=4, num_workers=2, collate_fn=Collated(halftone))
    assert torch.equal(torch.cat([*loader]), halftone(torch.stack(data)))


class Collated:
    """Stacks pictures, each printed by a transform."""

    def __init__(self, halftone):
        self.halftone = halftone

    def __call__(self, pictures):
        return torch.stack([self.halftone(x) for x in pictures])


@every
def test_white_prints_no_ink_and_black_no_paper(halftone):
    assert halftone(flat(1.0, 1.0, 1.0, side=48)).min() == 1
    assert halftone(flat(0.0, 0.0, 0.0, side=48)).max() == 0


@pytest.mark.parametrize("kind", screens.KINDS)
def test_equal_channels_print_by_luminance_as_the_grey_picture_does(kind):
    grey = pixels(1, 24, 32)
    printed = Halftone(kind, tone_range=(0.2, 0.9))(grey.expand(3, -1, -1))
    assert torch.equal(printed, Halftone(kind, tone_range=(0.2, 0.9))(grey).expand(3, -1, -1))


@pytest.mark.parametrize("colour", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
def test_the_luminance_of_a_colour_is_that_of_torchvision(colour):
    grey = float(v2.functional.rgb_to_grayscale(flat(*colour)).mean())
    printed = Halftone()(flat(*colour))
    assert abs(float(printed.mean()) - grey) < 0.01
    assert (printed == printed[:1]).all()


def test_each_plate_is_printed_at_the_printers_angle_of_its_ink():
    printed = Halftone(ruling=5, colour="separations")(flat(0.5, 0.5, 0.5))
    black = Halftone(ruling=5, colour="separations", black=1.0)(flat(0.5, 0.5, 0.5))
    grey = Halftone(ruling=5, colour="separations")(flat(0.5))
    assert torch.equal(black, grey.expand(3, -1, -1))  # one black plate, no other ink
    for plate, angle in zip([*printed, grey[0]], (15, 75, 0, 45), strict=True):
        assert off_the_grid(plate, 5, angle) < 1 / 256


@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.2, 0.9)])
def test_without_black_each_channel_is_the_screen_of_its_complementary_ink(tone_range):
    given = pixels(3, 48, 64) / 255
    printed = Halftone("am", 5, dot="line", tone_range=tone_range, colour="separations")(given)
    for channel, plate, angle in zip(given, printed, [*ANGLES.values()][:3], strict=True):
        expected = screens.am_screen(channel[None, None], 5, angle, "line", tone_range=tone_range)
        assert torch.equal(plate, expected[0, 0])


@pytest.mark.parametrize("black", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("colour", [(0.3, 0.6, 0.8), (0.5, 0.5, 0.5), (0.7, 0.2, 0.1)])
def test_channels_keep_their_tones_whatever_share_of_the_grey_is_black(colour, black):
    halftone = Halftone(ruling=4.3, colour="separations", black=black, tone_range=(0.1, 0.9))
    printed = halftone(flat(*colour)).mean((1, 2))
    assert (printed - (0.1 + 0.8 * torch.tensor(colour))).abs().max() < 0.015


def test_more_black_leaves_less_of_the_three_inks():
    def inked(black):
        """Share of the pixels that are tinted, by one ink or two."""
        halftone = Halftone(ruling=5, colour="separations", black=black)
        total = halftone(flat(0.4, 0.5, 0.6)).sum(0)
        return float(((total > 0) & (total < 3)).float().mean())

    assert inked(0.0) > inked(0.5) + 0.05 > inked(1.0) + 0.1


def test_what_is_transparent_is_white_paper():
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert Halftone()(clear).get_flattened_data()[0] == (255, 255, 255, 255)
    assert inks(SEPARATED(clear)) == {(255, 255, 255)}
    for half in (flat(0.0, 0.6), flat(0.0, 0.0, 0.0, 0.6)):
        *printed, alpha = Halftone()(half)
        assert abs(float(printed[0].mean()) - 0.4) < 0.01
        assert (alpha == 1).all()
    gif = Image.new("P", (8, 8), 0)
    gif.putpalette([0, 0, 0])
    gif.info["transparency"] = 0
    assert inks(Halftone()(gif)) == {(255, 255, 255)}


def test_what_resizing_leaves_beyond_0_and_1_is_clamped():
    ramp = screens.ramp(64)[0]
    beyond = torch.where(ramp < 0.1, -0.2, torch.where(ramp > 0.9, 1.2, ramp))
    clamped = Halftone("floyd-steinberg")(beyond.clamp(0, 1))
    assert torch.equal(Halftone("floyd-steinberg")(beyond), clamped)


def test_it_prints_its_own_call_as_a_copy_does():
    halftone = Halftone("am", 5, dot="line", p=0.5, colour="separations", phase=(0.5, 0.0))
    written = (
        "Halftone(kind='am', ruling=5, dot='line', phase=(0.5, 0.0), tone_range=(0.0, 1.0), "
        "p=0.5, colour='separations', black=0.0)"
    )
    assert repr(halftone) == repr(copy.deepcopy(halftone)) == written


NORMALISED = v2.Normalize([0.5], [0.1])
REFUSED = [
    (lambda: Halftone("stipple"), "kind is 'stipple'; it is one of am, bayer"),
    (lambda: Halftone("bayer", 4), "an argument of 'bayer' is 'ruling'; it is one of size, tone_"),
    (lambda: Halftone("am", size=8), "an argument of 'am' is 'size'; it is one of ruling, angle"),
    (lambda: Halftone("am", 1), "ruling is 1; it is 2 or more pixels a cell."),
    (lambda: Halftone("am", "4"), "ruling is '4'; it is 2 or more pixels a cell."),
    (lambda: Halftone("am", dot="star"), "dot is 'star'; it is one of round"),
    (lambda: Halftone(tone_range=0.5), "tone_range is 0.5; it needs 0 <= lo < hi <= 1."),
    (lambda: Halftone(tone_range="on"), "tone_range is on; it needs 0 <= lo < hi <= 1."),
    (lambda: Halftone(p=1.5), "p is 1.5; it is 0 to 1."),
    (lambda: Halftone(colour="cmyk"), "colour is 'cmyk'; it is one of luminance, separations."),
    (lambda: Halftone(angle=30, colour="separations"), "angle is 30; in separations it is None"),
    (lambda: Halftone(black=2, colour="separations"), "black is 2; it is 0 to 1."),
    (lambda: Halftone(black=0.5), "black is 0.5 with colour 'luminance' and kind 'am'; only"),
    (lambda: Halftone("bayer", black=0.5, colour="separations"), "black is 0.5 with colour 'sep"),
    (lambda: Halftone()(picture("RGB").convert("CMYK")), "mode of the picture is 'CMYK'; it is"),
    (lambda: Halftone()(picture("L").convert("F")), "mode of the picture is 'F'; it is one of L,"),
    (lambda: Halftone()(torch.zeros(28, 28)), "pictures are torch.float32 (28, 28); they are fl"),
    (lambda: Halftone()(torch.zeros(64, 28, 28)), "pictures are torch.float32 (64, 28, 28); they"),
    (lambda: Halftone()(torch.zeros(1, 8, 8).long()), "pictures are torch.int64 (1, 8, 8); they"),
    (lambda: Halftone()(NORMALISED(flat(0.1))), "pictures have values from -4 to -4; they are in"),
    (lambda: Halftone()(flat(float("nan"))), "pictures have values from nan to nan; they are in"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_what_cannot_be_printed_is_refused_in_one_sentence(call, sentence, unchecked):
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        call()
    assert len(str(caught.value).splitlines()) == 1
