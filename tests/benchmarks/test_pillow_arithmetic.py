"""Error diffusion as the benchmark races it against Pillow is Pillow's, to the bit."""

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import pillow_arithmetic
from halftone_utils import screens


def ours(levels):
    out = torch.empty_like(levels)
    pillow_arithmetic.floyd_steinberg(levels, out)
    return out


def pillows(levels):
    return np.stack([np.asarray(Image.fromarray(image).convert("1")) for image in levels])


@pytest.mark.parametrize("shape", [(5, 40, 56), (40, 17, 9), (2, 1, 30), (2, 30, 1), (33, 8, 8)])
def test_it_equals_pillow_to_the_bit(shape):
    levels = np.random.RandomState(4).randint(0, 256, shape).astype(np.uint8)
    assert np.array_equal(ours(torch.from_numpy(levels)).numpy(), pillows(levels))


def test_it_equals_pillow_at_every_flat_tone():
    levels = torch.arange(256, dtype=torch.uint8).view(-1, 1, 1).repeat(1, 32, 32)
    assert np.array_equal(ours(levels).numpy(), pillows(levels.numpy()))


def test_pillow_and_the_textbook_agree_in_tone_though_not_in_every_dot():
    """Pillow truncates sums to whole levels and clips them; the textbook does neither."""
    levels = (screens.ramp(128) * 255).round().to(torch.uint8)
    pillow, textbook = ours(levels).float(), screens.halftone(levels, "floyd-steinberg").float()
    assert not torch.equal(pillow, textbook)
    eighths = [printed.view(128, 8, 16).mean((0, 2)) for printed in (pillow, textbook)]
    assert float((eighths[0] - eighths[1]).abs().max()) < 0.01
