"""Photographs are there without a network, in the shape and range that style transfer takes."""

import socket

import pytest
import torch
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
