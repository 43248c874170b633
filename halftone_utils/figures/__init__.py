"""Every picture of the report: takes data, returns a matplotlib Figure, changes nothing."""

from halftone_utils.figures.basic import (
    COLOURS,
    MARKERS,
    NAMES,
    SERIES,
    STYLE,
    WIDTH,
    curves,
    dots_with_intervals,
    draw_image,
    equation,
    exact_grid,
    image_grid,
    readings,
    spectra,
    use_style,
)

__all__ = [
    "COLOURS",
    "MARKERS",
    "NAMES",
    "SERIES",
    "STYLE",
    "WIDTH",
    "curves",
    "dots_with_intervals",
    "draw_image",
    "equation",
    "exact_grid",
    "image_grid",
    "readings",
    "spectra",
    "use_style",
]
