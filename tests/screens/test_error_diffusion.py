"""Error diffusion is the double loop of the textbooks."""

import numpy as np
import pytest
import torch

from halftone_utils.screens import error_diffusion

every_kernel = pytest.mark.parametrize("kernel", error_diffusion.KERNELS)
both_ways = pytest.mark.parametrize("serpentine", [False, True])


def handed_on(kernel):
    """Rows down, columns on and share of the error of each neighbour."""
    divisor, rows = error_diffusion.KERNELS[kernel]
    return [
        (dy, x - 2, np.float32(share / divisor))
        for dy, row in enumerate(rows)
        for x, share in enumerate(row)
        if share
    ]


def literal_error_diffusion(picture, kernel, serpentine):
    """Pixel by pixel, in float32, errors handed on as the kernel's table is printed."""
    work = picture.copy()
    height, width = work.shape
    for y in range(height):
        back = serpentine and y % 2 == 1
        for x in reversed(range(width)) if back else range(width):
            new = np.float32(work[y, x] >= 0.5)
            error = work[y, x] - new
            work[y, x] = new
            for dy, dx, share in handed_on(kernel):
                to = x - dx if back else x + dx
                if y + dy < height and 0 <= to < width:
                    work[y + dy, to] += error * share
    return work


@every_kernel
@both_ways
def test_it_is_the_double_loop_of_the_textbook_bit_for_bit(kernel, serpentine):
    # of one pixel, narrow, wide, and of more rows than stand side by side
    for shape in ((16, 16), (7, 31), (1, 1), (1, 9), (9, 1), (2, 2), (67, 3), (35, 40), (3, 150)):
        pictures = np.random.RandomState(0).rand(1, 1, *shape).astype(np.float32)
        printed = error_diffusion.diffuse(torch.from_numpy(pictures), kernel, serpentine).numpy()
        for picture, ours in zip(pictures, printed, strict=True):
            assert np.array_equal(ours[0], literal_error_diffusion(picture[0], kernel, serpentine))


@every_kernel
def test_a_kernel_hands_on_all_of_the_error_and_atkinsons_three_quarters(kernel):
    shares = handed_on(kernel)
    assert sum(share for *_, share in shares) == pytest.approx(0.75 if kernel == "atkinson" else 1)
    assert all(dy > 0 or dx > 0 for dy, dx, _ in shares)  # none to a pixel already printed


@every_kernel
@both_ways
def test_a_picture_has_the_same_bits_alone_and_in_batches_of_any_size(kernel, serpentine):
    generator = torch.Generator().manual_seed(2)
    for shape in ((70, 20), (40, 300)):
        pictures = torch.rand(36, 1, *shape, generator=generator)
        together = error_diffusion.diffuse(pictures, kernel, serpentine)
        for size in (1, 2, 7, 31, 33):
            parts = pictures.split(size)
            apart = [error_diffusion.diffuse(part, kernel, serpentine) for part in parts]
            assert torch.equal(torch.cat(apart), together)


def test_it_leaves_the_pictures_that_it_is_given_as_they_are():
    pictures = torch.rand(2, 1, 6, 8, generator=torch.Generator().manual_seed(4))
    levels = (pictures * 255).to(torch.uint8)
    for given in (pictures, levels):
        before = given.clone()
        error_diffusion.diffuse(given, serpentine=True)
        assert torch.equal(given, before)


@every_kernel
def test_a_serpentine_is_a_mirror_to_itself_one_row_further_down(kernel):
    """A black row on top has no error to hand on, and turns the way of every row below it."""
    picture = torch.rand(1, 1, 20, 26, generator=torch.Generator().manual_seed(3))
    below_black = torch.cat([torch.zeros(1, 1, 1, 26), picture.flip(3)], 2)
    straight = error_diffusion.diffuse(picture, kernel, True)
    mirrored = error_diffusion.diffuse(below_black, kernel, True)[:, :, 1:].flip(3)
    assert torch.equal(straight, mirrored)
    assert not torch.equal(straight, error_diffusion.diffuse(picture, kernel, False))


@both_ways
def test_atkinsons_misses_a_tone_by_less_than_an_eighth_and_by_more_than_a_percent(serpentine):
    """A quarter of an error of at most a half is dropped: shadows close, lights open."""
    tones = torch.linspace(0.05, 0.95, 19)
    flat = tones.view(-1, 1, 1, 1).expand(-1, 1, 128, 128)
    missed = error_diffusion.diffuse(flat, "atkinson", serpentine).mean((1, 2, 3)) - tones
    assert float(missed.abs().max()) < 1 / 8 + 0.01
    assert (missed[tones < 0.2] < -0.01).all()
    assert (missed[tones > 0.8] > 0.01).all()
    assert abs(float(missed[9])) < 0.01  # the middle tone is kept


def test_an_unknown_kernel_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="kernel is 'burkes'; it is one of floyd-steinberg"):
        error_diffusion.diffuse(torch.zeros(1, 1, 8, 8), "burkes")
