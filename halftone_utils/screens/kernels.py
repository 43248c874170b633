"""The recursions over pixels behind error diffusion and direct binary search, compiled by numba."""

import numpy as np
from numba import njit

REACH = 2  # no kernel of error diffusion reaches further, in rows or in columns
LAG = REACH + 1  # columns by which a row stays behind the one above it: its errors are then known
LANES = 32  # pixels side by side: their errors over 256 columns stay in the L2 cache
TILE = 128  # steps whose pixels are turned into lanes at a time, and back: they stay in the L1


@njit(nogil=True, cache=True)
def _part(begin, late, width):  # noqa: ANN001, ANN202
    """From where to where a row that starts `late` takes part in the tile that begins here."""
    start = max(begin, late)
    return start, max(start, min(begin + TILE, late + width))


@njit(nogil=True, cache=True)
def _load(pixels, levels, tile, begin) -> None:  # noqa: ANN001
    """Tones of a tile of steps, (n, rows, W) -> (TILE, rows, n): each row LAG behind the last."""
    here, rows, width = pixels.shape
    for r in range(rows):
        late = LAG * r
        start, stop = _part(begin, late, width)
        for k in range(here):
            of = pixels[k, r][start - late : stop - late]
            to = tile[start - begin : stop - begin, r, k]
            for i in range(len(of)):
                to[i] = of[i] if levels is None else levels[of[i]]


@njit(nogil=True, cache=True)
def _store(tile, out, begin) -> None:  # noqa: ANN001
    """Dots of a tile of steps, back from where `_load` took the tones."""
    here, rows, width = out.shape
    for r in range(rows):
        late = LAG * r
        start, stop = _part(begin, late, width)
        for k in range(here):
            of = tile[start - begin : stop - begin, r, k]
            to = out[k, r][start - late : stop - late]
            for i in range(len(to)):
                to[i] = of[i]


@njit(nogil=True, cache=True)
def diffuse(pixels, levels, taps, shares, turning, out, lanes, rows) -> None:  # noqa: ANN001
    """Halftone pictures (n, H, W) into `out`; float tones, or uint8 with `levels`.

    taps: rows down and columns on of each neighbour, (T, 2), and shares of the error, (T,): the
    last first, as a pixel gathers from those above it before the one to its left.
    turning: each row is the mirror of what is below it, for a serpentine; one row at a time.
    lanes: as an argument, since the compiler unrolls loops over a constant before it could
    vectorise them.  rows: of each picture at a time, for lanes // rows >= n pictures.
    """
    height, width = pixels.shape[1:]
    pictures, depth, last = lanes // rows, taps[:, 0].max(), LAG * (rows - 1)
    # errors by step and lane, after the lanes of the rows above; none beside the picture
    first, own = REACH + LAG * depth, depth * pictures
    errors = np.zeros((first + width + last + REACH, own + lanes), np.float32)
    tones = np.zeros((TILE, lanes), np.float32)
    printed = np.zeros((TILE, lanes), np.uint8)
    for y in range(0, height, rows):
        for begin in range(0, width + last, TILE):
            by_row = (TILE, rows, pictures)
            _load(pixels[:, y : y + rows], levels, tones.reshape(by_row), begin)
            for step in range(begin, min(begin + TILE, width + last)):
                work = tones[step - begin]
                dots = printed[step - begin]
                for t in range(len(shares)):
                    there = first + step - LAG * taps[t, 0] - taps[t, 1]
                    handed = errors[there, own - taps[t, 0] * pictures :]
                    share = shares[t]
                    for k in range(lanes):
                        work[k] += handed[k] * share
                error = errors[first + step, own:]
                for k in range(lanes):
                    paper = work[k] >= np.float32(0.5)
                    dots[k] = paper
                    error[k] = work[k] - (np.float32(1) if paper else np.float32(0))
                if step < last:  # rows that have not begun, and those that have ended
                    error[(step // LAG + 1) * pictures :] = 0
                if step >= width:
                    error[: ((step - width) // LAG + 1) * pictures] = 0
            _store(printed.reshape(by_row), out[:, y : y + rows], begin)
        for r in range(depth):
            to = errors[REACH + LAG * r :, r * pictures : (r + 1) * pictures]
            of = errors[REACH + LAG * (r + rows) :, (r + rows) * pictures :]
            for x in range(width):
                for k in range(pictures):
                    to[x, k] = of[width - 1 - x if turning else x, k]


@njit(nogil=True, cache=True)
def _spread(seen, eye, y, x, change, radius):  # noqa: ANN001, ANN202
    """Add a change of pixel (y, x), as the eye spreads it, to what is seen."""
    height, width = seen.shape
    for i in range(max(0, y - radius), min(height, y + radius + 1)):
        for j in range(max(0, x - radius), min(width, x + radius + 1)):
            seen[i, j] += change * eye[i - y + radius, j - x + radius]


@njit(nogil=True, cache=True)
def search(dots, picture, eye, sweeps) -> None:  # noqa: ANN001
    """Toggle a dot, or swap it with a neighbour, wherever that lowers the error seen; in place.

    dots, picture: float64 (H, W); outside of it there is no error.  eye: its autocorrelation.
    """
    height, width = dots.shape
    radius = len(eye) // 2
    seen = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            _spread(seen, eye, y, x, dots[y, x] - picture[y, x], radius)
    for _ in range(sweeps):
        changed = False
        for y in range(height):
            for x in range(width):
                turn = 1.0 - 2.0 * dots[y, x]
                # a toggle: sum of squares seen changes by a² c(0) + 2 a (c * error)(y, x)
                least, other_y, other_x = eye[radius, radius] + 2 * turn * seen[y, x], y, x
                for i in range(max(0, y - 1), min(height, y + 2)):
                    for j in range(max(0, x - 1), min(width, x + 2)):
                        if dots[i, j] == dots[y, x]:
                            continue
                        apart = eye[radius, radius] - eye[radius + i - y, radius + j - x]
                        change = 2 * apart + 2 * turn * (seen[y, x] - seen[i, j])
                        if change < least:
                            least, other_y, other_x = change, i, j
                if least >= -1e-9:  # rounding must not keep two patterns changing places
                    continue
                changed = True
                dots[y, x] += turn
                _spread(seen, eye, y, x, turn, radius)
                if other_y != y or other_x != x:
                    dots[other_y, other_x] -= turn
                    _spread(seen, eye, other_y, other_x, -turn, radius)
        if not changed:
            return
