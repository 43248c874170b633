"""How time and memory of style transfer grow with batch, side, iterations and number of images.

Each case is a process of its own, whose largest memory the system has kept.
"""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch.nn.functional as F

from benchmarks.style import POINT, digits, fast
from halftone_utils.digits import points

BASE = {"side": 32, "batch": 16, "iterations": 4, "images": 64}
SWEEPS = {
    "batch": (1, 4, 16, 32),
    "side": (32, 64, 128, 256),
    "iterations": (1, 2, 4, 8, 16),
    "images": (64, 256, 1024),
}
STATUS = Path("/proc/self/status")


def megabytes(key: str) -> float | None:
    """VmRSS (memory now) or VmHWM (the most so far) of this process; None where it is not told."""
    if not STATUS.exists():
        return None
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines[key].split()[0]) / 1024


def forget_peak() -> None:
    """Let VmHWM count from here (Linux): reading MNIST took more than a small case does."""
    reset = STATUS.with_name("clear_refs")
    if reset.exists():
        reset.write_text("5")


def case(side: int, batch: int, iterations: int, images: int) -> dict:
    """Halftone `images` digits brought to `side` pixels; time, and memory beyond the start's."""
    point = replace(points.load(POINT, 32), size=side, iterations=iterations)
    p = F.interpolate(digits(32, 0, images), size=(side, side), mode="bilinear")
    points.network_for(point, fast()["precision"])
    before = megabytes("VmRSS")
    points.transfer(point, p[: 2 * batch], batch=batch, iterations=1, **fast())
    forget_peak()
    began = time.perf_counter()
    points.transfer(point, p, batch=batch, **fast())
    seconds, most = time.perf_counter() - began, megabytes("VmHWM")
    return {
        "side": side,
        "batch": batch,
        "iterations": iterations,
        "images": images,
        "ms_per_image": 1000 * seconds / images,
        "peak_mb": most,
        "added_mb": None if most is None else most - before,
        "output_mb": p.nbytes / 2**20,
    }


def grow(small: bool) -> dict[str, list[dict]]:
    """Every sweep: one variable, the others as in BASE; images of a large side are fewer."""
    sweeps: dict[str, list[dict]] = {}
    for name, values in SWEEPS.items():
        for value in values[:2] if small else values:
            asked = {**BASE, name: value}
            if name == "side":  # as many pixels in a batch and in all, as far as that goes
                shrink = (value // BASE["side"]) ** 2
                asked["batch"] = max(1, BASE["batch"] // shrink)
                asked["images"] = max(4, BASE["images"] // shrink)
            call = [sys.executable, "-m", "benchmarks.growth", json.dumps(asked)]
            done = subprocess.run(call, capture_output=True, text=True, check=True)
            sweeps.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
    return sweeps


if __name__ == "__main__":
    print(json.dumps(case(**json.loads(sys.argv[1]))))
