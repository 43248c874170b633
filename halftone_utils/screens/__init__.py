"""Classical halftoning, and the proxy of the eye that looks at it.

`halftone(images, kind, ...)` prints by any of KINDS; each kind has a function of its own too.
"""

from halftone_utils.screens import error_diffusion, perception, thresholds, tone, ways
from halftone_utils.screens.halftoning import (
    KINDS,
    am_screen,
    bayer,
    blue_noise,
    direct_binary_search,
    halftone,
    independent_random_dots,
    parameters,
    random_dots,
)
from halftone_utils.screens.thresholds import SPOTS
from halftone_utils.screens.tone import map_tone, ramp
