"""Rivals timed in turns, so that what else the machine does hits all of them; and the machine."""

import os
import platform
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from halftone_utils.engine import hardware

Record = dict[str, Any]


def race(
    ours: str, ways: Mapping[str, Callable[[], object]], *, images: int, repeats: int, **notes: Any
) -> Record:
    """Time several ways to do the same to `images` pictures, in turns, `repeats` times each.

    ours: the name of our way; the others are rivals.  Each runs once untimed, to be warm.
    The ratio is the fastest rival's best time divided by ours: larger is better, 1 is equal.
    """
    for run in ways.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, run in ways.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    best = {name: min(times) for name, times in seconds.items()}
    rival = min((name for name in ways if name != ours), key=best.__getitem__)
    return {
        "ratio": best[rival] / best[ours],
        "ours": ours,
        "rival": rival,
        "images": images,
        "images_per_second": {name: images / best[name] for name in ways},
        "seconds": seconds,
        **notes,
    }


def losses(ours: float, rival: float) -> Record:
    """Mean total losses of both sides, and whether they are equal within 2 %."""
    gap = abs(ours / rival - 1)
    return {"loss_ours": ours, "loss_rival": rival, "loss_gap": gap, "loss_within_2%": gap <= 0.02}


def machine() -> Record:
    """Processor, threads, versions and the precision that is fastest here."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123
            names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    except OSError:
        pass  # not Linux
    return {
        "processor": model,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": str(hardware.fastest_precision()).removeprefix("torch."),
        "torch": torch.__version__,
        "load_before": os.getloadavg()[0],
    }
