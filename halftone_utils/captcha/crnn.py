"""A solver of our own, trained on the very scheme it attacks (rung 4 of the ladder).

A CRNN (Shi, Bai & Yao, IEEE TPAMI 39(11), 2017) under CTC (Graves et al. 2006): convolutions, a
recurrent layer from left to right and back, and at each of 34 places a letter or none.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from halftone_utils.captcha import splits
from halftone_utils.captcha.challenge import ALPHABET
from halftone_utils.captcha.drawing import HEIGHT
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.captcha.splits import SPLITS
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import checks, hardware
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, RESULTS, hash_of, sha256
from halftone_utils.engine.types import Bytes, Images
from halftone_utils.networks import training
from halftone_utils.networks.builders import StandardizePerImage
from halftone_utils.results import store
from halftone_utils.results.store import Result

LogProbabilities = Float[Tensor, "n places classes"]
Classes = Int64[Tensor, "n letters"]
BLANK = 0  # CTC's "no letter"; letter i of the alphabet is class i + 1
FIRST_SEED = 1_000_000  # of the CAPTCHAs it learns from
CHUNK = 500  # drawn at a time
MOST = 100_000
SEEN = {100: 8_000, 1_000: 16_000, 10_000: 40_000}  # pictures shown while it learns from n or more
EACH = tuple(s for s in SCHEMES if s != "style-transfer")  # 500 of that take 10 minutes


def _block(channels: int, width: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(width), nn.ReLU()]


class CRNN(nn.Module):
    """(N, 1, 176, W) in [0, 1] -> log-probabilities (N, W / 16, 25) of no letter and 24 letters.

    The first layer's 7x7 filters work at full resolution, where the dots of a halftone are; only
    what they have found is pooled.
    """

    def __init__(self, width: int = 128) -> None:
        """width: channels of the last convolutions, and of the recurrent layer each way."""
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
            self.letter.bias[BLANK] = -2  # bias against blank: CTC starts by blanks everywhere

    def forward(self, images: Images) -> LogProbabilities:
        """Log-probabilities at each place."""
        columns = self.features(images).flatten(1, 2).transpose(1, 2)  # (N, W / 16, 5 width)
        columns = self.column(columns).relu()
        with torch.autocast(images.device.type, enabled=False):  # float32: errors accumulate here
            columns = columns.float()
            context, _ = self.recurrent(columns)
            # A skip around the LSTM, without which training starts slowly.
            return self.letter(context + columns.repeat(1, 1, 2)).log_softmax(2)


def ctc_loss(log_probabilities: LogProbabilities, labels: Classes) -> Tensor:
    """Connectionist temporal classification: (N, T, 25) and classes (N, L) -> scalar, a mean."""
    places, letters = (torch.full(x.shape[:1], x.shape[1]) for x in (log_probabilities, labels))
    return F.ctc_loss(log_probabilities.transpose(0, 1), labels, places, letters, blank=BLANK)


def encode(texts: Sequence[str]) -> Classes:
    """Texts of one length as classes, int64 (N, L)."""
    return torch.tensor([[ALPHABET.index(letter) + 1 for letter in text] for text in texts])


def decode(log_probabilities: LogProbabilities) -> list[str]:
    """The likeliest class at each place, repeats joined, then blanks dropped (greedy)."""
    texts = []
    for places in log_probabilities.argmax(2):
        classes = torch.unique_consecutive(places).tolist()
        texts.append("".join(ALPHABET[c - 1] for c in classes if c != BLANK))
    return texts


@torch.inference_mode()
def read(model: CRNN, images: Bytes, batch: int = 20) -> list[str]:
    """The texts of images (N, 1, 176, W), `batch` at a time."""
    model.eval()
    device = next(model.parameters()).device
    texts = []
    for x in images.split(batch):
        with hardware.autocast(device):
            texts += decode(model(as_float(x).to(device)))
    return texts


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One solver to train: on which scheme, from how many labelled CAPTCHAs, from which seed.

    Raises ValueError that names what is not allowed.
    """

    scheme: str
    n_train: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        checks.one_of("scheme", self.scheme, SCHEMES)
        checks.whole("n_train", self.n_train, 1, MOST)
        checks.whole("seed", self.seed, 0)

    @property
    def recipe(self) -> training.Recipe:
        """As many epochs as show it about SEEN pictures; at least three."""
        least = max((n for n in SEEN if n <= self.n_train), default=min(SEEN))
        epochs = max(3, round(SEEN[least] / self.n_train))
        return training.Recipe(epochs=epochs, learning_rate=2e-3, batch=20, shift=6)

    def config(self, images: Bytes) -> dict:
        """All that decides its weights, as JSON; images: those it learns from, uint8."""
        return {
            "scheme": self.scheme,
            "n": self.n_train,
            "seed": self.seed,
            "recipe": config_of(self.recipe),
            "letters": ALPHABET,
            "pictures": sha256(images.numpy().tobytes())[:16],
        }

    @property
    def stem(self) -> str:
        """The name of its files."""
        return f"crnn-{self.scheme}-n{self.n_train}-seed{self.seed}"


def samples(scheme: str, n: int) -> tuple[Bytes, list[str]]:
    """n labelled CAPTCHAs of a scheme, uint8 (n, 1, 176, 544), and their texts.

    The first n of more are the same; none is a test's.  Drawn in chunks, so that a killed run goes
    on with the next one.
    """
    seeds = range(FIRST_SEED, FIRST_SEED + n, CHUNK)
    chunks = [splits.frozen(scheme, seed, CHUNK) for seed in seeds]
    texts = [text for _, found in chunks for text in found]
    return torch.cat([images for images, _ in chunks])[:n], texts[:n]


def trained(attack: Attack, progress: bool = True) -> tuple[CRNN, float]:
    """The solver: trained, gone on with, or read from its checkpoint; and the seconds it took."""
    images, texts = samples(attack.scheme, attack.n_train)
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
    n_test: int = SPLITS["test"],
    directory: Path = RESULTS,
    progress: bool = True,
) -> Result:
    """Train on a scheme, read frozen CAPTCHAs of it and of others, add to its result file.

    tests: schemes beside its own.  n_test: CAPTCHAs of each.  Returns what <stem>.json holds.
    Raises ValueError before it trains, as `store.check` does.
    """
    shown = [*dict.fromkeys((attack.scheme, *tests))]
    for scheme in shown:
        checks.one_of("scheme", scheme, SCHEMES)
    config = {**asdict(attack), "recipe": config_of(attack.recipe)}
    asked = [{"shown": scheme, "n": n_test} for scheme in shown]
    store.check(attack.stem, config, asked, directory)
    model, seconds = trained(attack, progress)
    runs = [store.provenance(seconds)]
    result = Result(study="crnn", stem=attack.stem, config=config, rows=[], runs=runs)
    for scheme in shown:
        images, texts = splits.load(scheme, "test", n_test)
        answers = read(model, images)
        row = {"shown": scheme, **splits.score(answers, texts), "answers": splits.joined(answers)}
        result = store.grow(replace(result, rows=[row], runs=runs), directory)
    return result


def load(directory: Path = RESULTS) -> list[Result]:
    """Every result, by scheme and n_train; raises DataError where answers do not give counts."""
    return splits.results("crnn", directory)


def crnn(
    scheme: str,
    *,
    n_train: tuple[int, ...] = (100, 1_000, 10_000),
    seed: int = 0,
    tests: tuple[str, ...] = EACH,
) -> list[Result]:
    """Train solvers on one scheme and let them read it and others; add to crnn-SCHEME-nN-seedS.

    n_train: labelled CAPTCHAs, a solver each.  tests: schemes to read beside its own.
    """
    attacks = [Attack(scheme=scheme, n_train=n, seed=seed) for n in n_train]
    return [run(attack, tests) for attack in attacks]
