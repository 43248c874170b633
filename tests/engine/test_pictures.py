"""Whatever a picture's mode, it comes upright, on white paper, with 65535 of 16 bits as white."""

import io

import numpy as np
import pytest
from PIL import Image

from halftone_utils.engine import pictures


def stored(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, options.pop("format", "PNG"), **options)
    return stream.getvalue()


def levels(content, mode="L"):
    return np.asarray(pictures.read(content, mode))


INK = np.array([[0, 128, 255], [64, 32, 16]], np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_opaque_pictures_keep_their_levels(mode):
    assert np.array_equal(levels(stored(Image.fromarray(INK).convert(mode))), INK)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_file_says(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    # EXIF 2.32: where row 0 and column 0 of what is stored lie on the picture as it is seen
    upright = {
        1: INK,
        2: INK[:, ::-1],
        3: INK[::-1, ::-1],
        4: INK[::-1],
        5: INK.T,
        6: np.rot90(INK, -1),
        7: np.rot90(INK, 2).T,
        8: np.rot90(INK),
    }[orientation]
    assert np.array_equal(levels(stored(Image.fromarray(INK), exif=exif)), upright)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_paper(mode):
    picture = Image.fromarray(INK).convert(mode)
    picture.putalpha(Image.fromarray(np.array([[0, 255, 0], [0, 0, 128]], np.uint8)))
    seen = levels(stored(picture))
    assert seen.tolist()[0] == [255, 128, 255]
    assert seen.tolist()[1][:2] == [255, 255]
    assert abs(int(seen[1, 2]) - (16 + 255) / 2) <= 1  # half ink


def test_a_clear_colour_of_a_palette_is_paper():
    picture = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    picture.putpalette([0, 0, 0, 200, 0, 0])
    assert levels(stored(picture, transparency=0), "RGB").tolist() == [[[255] * 3, [200, 0, 0]]]


def test_grey_of_16_bits_has_its_white_at_65535():
    deep = Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16))
    assert levels(stored(deep)).tolist() == [[0, 1, 128, 255]]
    assert levels(stored(deep), "RGB")[0, 2].tolist() == [128] * 3
    assert levels(stored(deep, format="TIFF")).tolist() == [[0, 1, 128, 255]]
    clear = pictures.flattened(pictures.Image.open(io.BytesIO(stored(deep, transparency=0))))
    assert np.asarray(clear).tolist() == [[255, 1, 128, 255]]


@pytest.mark.parametrize("value", [np.float32(0.5), np.int32(70_000)])
def test_grey_without_a_known_white_is_refused(value):
    content = stored(Image.fromarray(np.full((2, 2), value)), format="TIFF")
    with pytest.raises(ValueError, match="grey of 32 bits"):
        pictures.read(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"no picture", "Unidentified"),
        (stored(Image.new("L", (9, 9)))[:40], ""),
    ],
)
def test_what_is_no_picture_is_named(content, reason):
    with pytest.raises(ValueError, match=f"no picture that can be read .*{reason}"):
        pictures.read(content)
