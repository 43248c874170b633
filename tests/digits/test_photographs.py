"""Photographs are there without a network, in the shape and range that style transfer takes."""

import socket

import pytest
import torch
from PIL import Image
from skimage import data
from skimage.color import rgb2gray

from halftone_utils.digits import photographs


def test_every_photograph_is_in_the_wheel_and_has_the_shape_asked_for(monkeypatch):
    def refuse(*_, **__):
        raise OSError("a photograph was looked for in the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in photographs.NAMES:
        image = photographs.load(name, 40)
        assert image.shape == (1, 1, 40, 40)
        assert image.dtype == torch.float32
        assert image.min() >= 0
        assert image.max() <= 1
        assert image.std() > 0.02  # a picture, not an even ground


def test_the_middle_square_at_its_own_size_is_the_file_bit_for_bit():
    image = photographs.load("camera", 512)
    assert torch.equal((image[0, 0] * 255).round().byte(), torch.from_numpy(data.camera()))
    wide = torch.from_numpy(rgb2gray(data.coffee())).float()  # 400 x 600
    assert torch.equal(photographs.load("coffee", 400)[0, 0], wide[:, 100:500])


def test_what_is_not_there_is_named_in_one_sentence():
    for name, side in (("lena", 64), ("camera", 8)):
        with pytest.raises(
            ValueError, match=r"^(photograph is 'lena'; it is one of|side is 8; it is 16 or more)"
        ) as caught:
            photographs.load(name, side)
        assert len(str(caught.value).splitlines()) == 1


def test_the_labelled_photographs_are_in_the_wheel_each_with_its_class():
    images, labels = photographs.labelled(64)
    assert images.shape == (20, 3, 64, 64)
    assert 0 <= images.min() < images.max() <= 1
    assert labels[0] == 243  # a bull mastiff
    assert images.std(1).mean() > 0.02  # in colour


def test_a_folder_of_ones_own_is_read_by_name_or_number(tmp_path):
    classes = ("cat", "dog")
    for name, colour in (("dog", (255, 0, 0)), ("0", (0, 0, 255))):
        (tmp_path / name).mkdir()
        Image.new("RGB", (40, 20), colour).save(tmp_path / name / "one.png")
    images, labels = photographs.labelled(16, tmp_path, classes)
    assert labels.tolist() == [0, 1]
    assert images.mean((2, 3)).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("inner", "content", "said"),
    [
        (None, b"", r"holds no pictures: a folder a class"),
        ("2", b"x", r"2 is named after no class: a name, or a number below 2\."),
        ("bird", b"x", r"bird is named after no class"),
        ("cat", b"x", r"one\.png: The file is no picture that can be read"),
        ("cat", b"", r"one\.png: .* \(it is empty\)"),
    ],
)
def test_a_folder_that_cannot_be_read_is_one_sentence(tmp_path, inner, content, said):
    if inner:
        (tmp_path / inner).mkdir()
        (tmp_path / inner / "one.png").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        photographs.labelled(16, tmp_path, ("cat", "dog"))
