"""Classical halftoning, and the proxy of the eye that looks at it.

`halftone(images, kind, ...)` prints by any of KINDS; each kind has a function of its own too.
`Halftone(kind, ...)` does the same as a transform of torchvision.
`HalftoneAttack` looks for the halftones that a network misreads.
"""

from typing import TYPE_CHECKING

import lazy_loader

from halftone_utils.screens import attack, error_diffusion, perception, thresholds, tone, ways
from halftone_utils.screens.attack import HalftoneAttack
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

if TYPE_CHECKING:
    from halftone_utils.screens.transforms import Halftone
else:  # imported when it is first used: torchvision takes longer than all of the above
    __getattr__ = lazy_loader.attach(__name__, submod_attrs={"transforms": ["Halftone"]})[0]
