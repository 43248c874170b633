"""A solver of our own, trained on the very scheme it attacks (rung 4 of the ladder).

    python -m halftone_utils.crnn iso-tone-angle --n 100 1000 10000

A CRNN (Shi, Bai & Yao, IEEE TPAMI 39(11), 2017) under CTC (Graves et al. 2006): convolutions, a
recurrent layer from left to right and back, and at each of 34 places a letter or none.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from halftone_utils.captcha import challenge, ladder
from halftone_utils.captcha.challenge import ALPHABET
from halftone_utils.captcha.schemes import HEIGHT
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import hardware
from halftone_utils.engine.files import (
    CACHE,
    RESULTS,
    DataError,
    hash_of,
    read_json,
    sha256,
    write_json,
)
from halftone_utils.networks import training
from halftone_utils.networks.architectures import StandardizePerImage

BLANK = 0  # CTC's "no letter"; letter i of the alphabet is class i + 1
FIRST_SEED = 1_000_000  # of the CAPTCHAs it learns from
CHUNK = 500  # drawn at a time
MOST = 100_000
SEEN = {100: 8_000, 1_000: 16_000, 10_000: 40_000}  # pictures shown while it learns from n or more
EACH = tuple(s for s in challenge.SCHEMES if s != "style-transfer")  # 500 of that take 10 minutes


def _block(channels: int, width: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(width), nn.ReLU()]


class CRNN(nn.Module):
    """(N, 1, 176, W) in [0, 1] -> log-probabilities (N, W / 16, 25) of no letter and 24 letters.

    The first layer's 7x7 filters work at full resolution, where the dots of a halftone are; only
    what they have found is pooled.
    """

    def __init__(self, width: int = 128) -> None:
        """width: channels of the last convolutions and of the recurrent layer, each way."""
        super().__init__()
        self.features = nn.Sequential(
            StandardizePerImage(),
            *_block(1, 32, 7, stride=2),
            nn.MaxPool2d(2),  # (32, 44, W / 4)
            *_block(32, 64, 3),
            nn.MaxPool2d(2),  # (64, 22, W / 8)
            *_block(64, width, 3),
            *_block(width, width, 3),
            nn.MaxPool2d(2),
            *_block(width, width, 3),
            nn.MaxPool2d((2, 1)),  # (width, 5, W / 16)
        )
        self.column = nn.Linear(width * (HEIGHT // 32), width)
        self.recurrent = nn.LSTM(width, width, bidirectional=True, batch_first=True)
        self.letter = nn.Linear(2 * width, len(ALPHABET) + 1)
        with torch.no_grad():
            self.letter.bias[
                BLANK
            ] = -2  # CTC's first refuge is no letter anywhere: it is left sooner

    def forward(self, images: Tensor) -> Tensor:
        """Read."""
        columns = self.features(images).flatten(1, 2).transpose(1, 2)  # (N, W / 16, 5 width)
        columns = self.column(columns).relu()
        with torch.autocast(images.device.type, enabled=False):  # float32: small, and it adds up
            columns = columns.float()
            context, _ = self.recurrent(columns)
            # the letter sees the column itself too, or nothing is learnt until the LSTM has opened
            return self.letter(context + columns.repeat(1, 1, 2)).log_softmax(2)


def ctc_loss(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Connectionist temporal classification: (N, T, 25) and classes (N, L) -> scalar, a mean."""
    n, times, _ = log_probabilities.shape
    lengths = torch.full((n,), times), torch.full((n,), labels.shape[1])
    return F.ctc_loss(log_probabilities.transpose(0, 1), labels, *lengths, blank=BLANK)


def encode(texts: Sequence[str]) -> Tensor:
    """Texts of one length as classes, int64 (N, L)."""
    return torch.tensor([[ALPHABET.index(letter) + 1 for letter in text] for text in texts])


def decode(log_probabilities: Tensor) -> list[str]:
    """The likeliest class at each place, repeats joined, then blanks dropped (greedy)."""
    texts = []
    for places in log_probabilities.argmax(2):
        classes = torch.unique_consecutive(places).tolist()
        texts.append("".join(ALPHABET[c - 1] for c in classes if c != BLANK))
    return texts


@torch.inference_mode()
def read(model: CRNN, images: Tensor, batch: int = 20) -> list[str]:
    """The texts of images (N, 1, 176, W), uint8 or in [0, 1]."""
    model.eval()
    device = next(model.parameters()).device
    texts = []
    for x in images.split(batch):
        with hardware.autocast(device):
            texts += decode(model((as_float(x) if x.dtype == torch.uint8 else x).to(device)))
    return texts


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One solver to train: on which scheme, from how many labelled CAPTCHAs, from which seed.

    Raises ValueError that names what is not allowed.
    """

    scheme: str
    n: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        challenge.scheme_of(self.scheme)
        for field, lowest, highest in (("n", 1, MOST), ("seed", 0, 2**31)):
            value = getattr(self, field)
            if type(value) is not int or not lowest <= value <= highest:
                raise ValueError(
                    f"{field} is {value!r}; it is a whole number from {lowest} to {highest}."
                )

    @property
    def recipe(self) -> training.Recipe:
        """As many epochs as show it about SEEN pictures; at least three."""
        seen = max([SEEN[least] for least in SEEN if self.n >= least], default=min(SEEN.values()))
        return training.Recipe(
            epochs=max(3, round(seen / self.n)), learning_rate=2e-3, batch=20, shift=6
        )

    def config(self, images: Tensor) -> dict:
        """All that decides its weights, as JSON; images: those it learns from, uint8."""
        pictures = sha256(images.numpy().tobytes())[:16]
        return {
            **asdict(self),
            "recipe": self.recipe.config,
            "letters": ALPHABET,
            "pictures": pictures,
        }

    @property
    def stem(self) -> str:
        """The name of its files."""
        return f"crnn-{self.scheme}-n{self.n}-seed{self.seed}"


def samples(scheme: str, n: int) -> tuple[Tensor, list[str]]:
    """n labelled CAPTCHAs of a scheme, uint8 (n, 1, 176, 544), and their texts.

    The first of more are the same ones, none is one of the tests'.  Drawn in chunks that are kept,
    so a killed run goes on with the next one.
    """
    seeds = range(FIRST_SEED, FIRST_SEED + n, CHUNK)
    images = torch.cat([ladder.frozen(scheme, seed, CHUNK) for seed in seeds])[:n]
    return images, [text for seed in seeds for text in challenge.random_texts(CHUNK, seed)][:n]


def trained(attack: Attack, progress: bool = True) -> tuple[CRNN, float]:
    """The solver: trained, gone on with, or read from its checkpoint; and the seconds it took."""
    images, texts = samples(attack.scheme, attack.n)
    config = attack.config(images)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(attack.seed)
        model = CRNN().to(hardware.fastest_device())
    seconds = training.fit(
        model,
        images,
        encode(texts),
        attack.recipe,
        seed=attack.seed,
        config=config,
        checkpoint=CACHE / "checkpoints" / f"{attack.stem}-{hash_of(config)}.safetensors",
        loss_of=ctc_loss,
        progress=progress,
    )
    return model, seconds


def run(
    attack: Attack,
    tests: Sequence[str] = (),
    *,
    n_test: int = ladder.SPLITS["test"],
    directory: Path = RESULTS,
    progress: bool = True,
) -> dict:
    """Train on a scheme, read the frozen CAPTCHAs of it and of others, write the result file.

    tests: schemes beside its own.  Returns what <stem>.json holds.
    """
    model, seconds = trained(attack, progress)
    found = {}
    for scheme in dict.fromkeys((attack.scheme, *tests)):
        images = ladder.frozen(scheme, ladder.FIRST_SEED["test"], n_test)
        answers = read(model, images)
        found[scheme] = ladder.counted(answers, ladder.truths("test")[:n_test])
    result = {
        "scheme": attack.scheme,
        "n": attack.n,
        "seed": attack.seed,
        "recipe": attack.recipe.config,
        "seconds": round(seconds, 1),
        "precision": str(hardware.fastest_precision()).removeprefix("torch."),
        "torch": torch.__version__,
        "tests": found,
    }
    write_json(directory / f"{attack.stem}.json", result)
    return result


def load(directory: Path = RESULTS) -> list[dict]:
    """Every result, by scheme and n; raises DataError where answers do not bear out counts."""
    results = [(path, read_json(path)) for path in directory.glob("crnn-*.json")]
    for path, result in results:
        for scheme, cell in result["tests"].items():
            ladder.verify(cell, f"{path}: the answers to {scheme}")
    order = list(challenge.SCHEMES)
    return sorted((r for _, r in results), key=lambda r: (order.index(r["scheme"]), r["n"]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train solvers on one scheme and measure them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "scheme", choices=[*challenge.SCHEMES], metavar="scheme", help=", ".join(challenge.SCHEMES)
    )
    parser.add_argument("--n", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--tests",
        nargs="*",
        choices=[*challenge.SCHEMES],
        metavar="scheme",
        default=EACH,
        help="schemes to read beside its own",
    )
    options = parser.parse_args(arguments)
    try:
        attacks = [Attack(scheme=options.scheme, n=n, seed=options.seed) for n in options.n]
        for attack in attacks:
            for scheme, cell in run(attack, options.tests)["tests"].items():
                print(
                    f"trained on {attack.n} of {attack.scheme}, {scheme}: {ladder.sentence(cell)} %"
                )
    except (DataError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
