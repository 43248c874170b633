"""A solver of our own, trained on the very scheme it attacks (rung 4 of the ladder).

A CRNN (Shi, Bai & Yao, IEEE TPAMI 39(11), 2017) under CTC (Graves et al. 2006): convolutions, a
recurrent layer from left to right and back, and at each of 34 places a letter or none.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

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
SEEN = {100: 8_000, 1_000: 16_000, 10_000: 40_000}  # pictures shown while it learns from n or more
EACH = tuple(s for s in SCHEMES if s != "style-transfer")  # 500 of that take 10 minutes


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
            *Conv2dNormActivation(1, 32, 7, stride=2),
            nn.MaxPool2d(2),  # (32, 44, W / 4)
            *Conv2dNormActivation(32, 64, 3),
            nn.MaxPool2d(2),  # (64, 22, W / 8)
            *Conv2dNormActivation(64, width, 3),
            *Conv2dNormActivation(width, width, 3),
            nn.MaxPool2d(2),
            *Conv2dNormActivation(width, width, 3),
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
def read(model: CRNN, images: Bytes) -> list[str]:
    """The texts of images (N, 1, 176, W), read 20 at a time."""
    model.eval()
    device = next(model.parameters()).device
    with hardware.autocast(device):
        found = [model(as_float(x).to(device)) for x in images.split(20)]
    return decode(torch.cat(found))


def recipe_of(n_train: int) -> training.Recipe:
    """For so many samples: epochs that show it about SEEN pictures; at least three."""
    least = max((n for n in SEEN if n <= n_train), default=min(SEEN))
    epochs = max(3, round(SEEN[least] / n_train))
    return training.Recipe(epochs=epochs, learning_rate=2e-3, batch=20, shift=6)


def stem_of(scheme: str, n_train: int, seed: int) -> str:
    """The name of a solver's files."""
    return f"crnn-{scheme}-n{n_train}-seed{seed}"


def samples(scheme: str, n: int) -> tuple[Bytes, list[str]]:
    """n labelled CAPTCHAs of a scheme, uint8 (n, 1, 176, 544), and their texts.

    The first n of more are the same; none is a test's.  Drawn in chunks, so that a killed run goes
    on with the next one.
    """
    seeds = range(FIRST_SEED, FIRST_SEED + n, CHUNK)
    chunks = [splits.frozen(scheme, seed, CHUNK) for seed in seeds]
    texts = [text for _, found in chunks for text in found]
    return torch.cat([images for images, _ in chunks])[:n], texts[:n]


def trained(scheme: str, n_train: int, seed: int) -> tuple[CRNN, float]:
    """The solver: trained, gone on with, or read from its checkpoint; and the seconds it took."""
    images, texts = samples(scheme, n_train)
    recipe = recipe_of(n_train)
    config = {  # all that decides its weights
        "scheme": scheme,
        "n": n_train,
        "seed": seed,
        "recipe": config_of(recipe),
        "letters": ALPHABET,
        "pictures": sha256(images.numpy().tobytes())[:16],
    }
    name = f"{stem_of(scheme, n_train, seed)}-{hash_of(config)}.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CRNN().to(hardware.fastest_device())
    seconds = training.fit(
        model,
        images,
        encode(texts),
        recipe,
        seed=seed,
        config=config,
        checkpoint=CACHE / "checkpoints" / name,
        loss_of=ctc_loss,
    )
    return model, seconds


def run(scheme: str, n_train: int, seed: int = 0, tests: Sequence[str] = ()) -> Result:
    """Train on a scheme, read frozen CAPTCHAs of it and of others, add to its result file.

    n_train: labelled CAPTCHAs.  tests: schemes beside its own.  Returns what the file holds.
    Raises ValueError before it trains, as `store.check` does.
    """
    stem, n = stem_of(scheme, n_train, seed), SPLITS["test"]
    shown = [*dict.fromkeys((scheme, *tests))]
    recipe = config_of(recipe_of(n_train))
    config = {"scheme": scheme, "n_train": n_train, "seed": seed, "recipe": recipe}
    store.check(stem, config, [{"shown": name, "n": n} for name in shown])
    model, seconds = trained(scheme, n_train, seed)
    for name in shown:
        images, texts = splits.load(name, "test", n)
        answers = read(model, images)
        row = {"shown": name, **splits.score(answers, texts), "answers": splits.joined(answers)}
        result = store.record("crnn", stem, config, [row], seconds=seconds)
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
    for name in (scheme, *tests):
        checks.one_of("scheme", name, SCHEMES)
    for n in n_train:
        checks.whole("n_train", n, 1, 100_000)
    checks.whole("seed", seed, 0)
    return [run(scheme, n, seed, tests) for n in n_train]
