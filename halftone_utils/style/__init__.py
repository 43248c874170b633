"""Halftoning by style transfer: `transfer` lowers the losses of `gatys` on features of `vgg`."""

from halftone_utils.style import gatys, style_transfer, vgg
from halftone_utils.style.gatys import Settings
from halftone_utils.style.style_transfer import Trajectory, transfer
