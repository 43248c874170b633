"""Classical halftoning, and the proxy of the eye that looks at it."""

from halftone_utils.screens.halftoning import (
    KINDS,
    am_screen,
    bayer,
    blue_noise,
    floyd_steinberg,
    halftone,
    independent_random_dots,
    parameters,
    ramp,
    random_dots,
    style_image,
)

__all__ = [
    "KINDS",
    "am_screen",
    "bayer",
    "blue_noise",
    "floyd_steinberg",
    "halftone",
    "independent_random_dots",
    "parameters",
    "ramp",
    "random_dots",
    "style_image",
]
