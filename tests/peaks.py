"""Where the spectrum of a print has its peak."""

import torch
from torch import Tensor


def peak(printed: Tensor) -> Tensor:
    """The strongest wave of a square picture (side, side): across and down, in cycles per pixel."""
    side = len(printed)
    power = torch.fft.fft2(printed - printed.mean()).abs().square()
    down, across = divmod(int(power.argmax()), side)
    place = torch.tensor([across, down]) / side
    return torch.where(place > 0.5, place - 1, place)


def off_the_grid(printed: Tensor, ruling: float, angle: float, both_ways: bool = True) -> float:
    """How far that is from the waves of a screen [cycles/px]; both_ways: along the angle too."""
    turn = torch.deg2rad(torch.tensor(float(angle)))
    along, across = torch.stack([turn.cos(), turn.sin()]), torch.stack([-turn.sin(), turn.cos()])
    axes = [across, along] if both_ways else [across]
    found = peak(printed)
    return min(float((found - sign * axis / ruling).norm()) for axis in axes for sign in (-1, 1))
