"""Every picture of the report: takes data, returns a matplotlib Figure, changes nothing."""

from halftone_utils.figures import (
    attacks,
    captchas,
    channels,
    corruptions,
    photographs,
    prediction,
    results,
    screens,
    style_transfer,
)
from halftone_utils.figures.basic import (
    SERIES,
    STYLE,
    WIDTH,
    curves,
    dots_with_intervals,
    draw_image,
    equation,
    exact_grid,
)
