"""An attack that redraws pictures as halftones: the tone is kept, a network is to misread the dots.

It is called as foolbox's attacks are, and imports nothing of foolbox: whoever has a foolbox model
has foolbox, and whoever has a bare network needs none.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from halftone_utils.engine import checks
from halftone_utils.engine.types import Labels, Losses, ToneRange
from halftone_utils.screens.halftoning import KINDS
from halftone_utils.screens.proposals import Proposals
from halftone_utils.screens.tone import FULL_RANGE, map_tone

TEMPERATURE = 0.2  # of the sigmoid in place of the threshold's derivative, in units of tone


def straight_through(tone: Tensor, thresholds: Tensor) -> Tensor:
    """White where the tone is above the threshold, with a sigmoid's derivative in both.

    Straight-through estimator (Bengio, Léonard & Courville 2013, arXiv 1308.3432).  Any shapes
    that broadcast; returns exactly 0.0 or 1.0.
    """
    soft = ((tone - thresholds) / TEMPERATURE).sigmoid()
    return (tone > thresholds).to(tone.dtype) + (soft - soft.detach())


def margins(logits: Tensor, classes: Labels, targeted: bool) -> Losses:
    """How far each picture is from adversarial, below 0 where it is [logits]: (N, classes) -> (N,).

    The class's logit less the largest other (Carlini & Wagner 2017, their f6); targeted: the
    other way about.  Unlike the cross-entropy it does not vanish where a network is sure.
    """
    own = F.one_hot(classes, logits.shape[1]).bool()
    ahead = logits[own] - logits.masked_fill(own, -torch.inf).amax(1)
    return -ahead if targeted else ahead


@contextmanager
def evaluating() -> Iterator[None]:
    """Put every network that this thread calls into evaluation mode, and afterwards back.

    By a hook, as a network may lie anywhere inside the function that is attacked.
    """
    were: dict[nn.Module, bool] = {}
    own = threading.get_ident()

    def evaluate(module: nn.Module, _: Any) -> None:
        if module.training and threading.get_ident() == own:
            were.update((m, m.training) for m in module.modules() if m not in were)
            module.eval()

    hook = nn.modules.module.register_module_forward_pre_hook(evaluate)
    try:
        yield
    finally:
        hook.remove()
        for module, training in were.items():
            module.training = training


@dataclass(frozen=True)
class _Question:
    """Whether the model is misled by pictures (N, C, H, W) once they are halftones of a strength.

    bounds: the model's.  classes: that pictures are to leave, or, targeted, to be read as.
    """

    model: Callable[[Tensor], Tensor]
    bounds: tuple[float, float]
    images: Tensor
    classes: Tensor
    targeted: bool
    epsilon: float

    def tones(self, tone_range: ToneRange) -> Tensor:
        """What the halftones stand for, in [0, 1]."""
        low, high = self.bounds
        return map_tone(((self.images - low) / (high - low)).clamp(0, 1), tone_range)

    def ask(
        self, which: Tensor, tones: Tensor, thresholds: Tensor, descends: bool
    ) -> tuple[Tensor, Tensor, Tensor, Sequence[Tensor | None]]:
        """Show the model some pictures, printed with thresholds (n, C, H, W).

        which: their places, (n,).  Returns pictures, margins, whether they are adversarial and, if
        `descends`, the gradient of each margin with respect to its thresholds.
        """
        low, high = self.bounds
        classes = self.classes[which]
        with torch.set_grad_enabled(descends):
            printed = straight_through(tones, thresholds.requires_grad_(descends))
            shown = self.images[which].lerp(low + (high - low) * printed, self.epsilon)
            logits = _logits(self.model, shown, classes)
            margin = margins(logits, classes, self.targeted)
        slopes = _slopes(margin, thresholds) if descends else [None] * len(which)
        wins = (logits.argmax(1) == classes) == self.targeted
        return shown.detach(), margin.detach(), wins, slopes


@dataclass
class HalftoneAttack:
    """Redraw pictures as halftones that a network misreads, each picture's tone kept.

    It is called as foolbox's attacks are, and its answer is theirs (the example needs
    `pip install foolbox`; a torch module in place of `fmodel` needs nothing):

        import foolbox as fb
        from halftone_utils.digits import datasets
        from halftone_utils.screens import HalftoneAttack
        from halftone_utils.studies.experiments import published

        network = published("lenet")  # or any torch module: pictures -> logits
        images, labels = datasets.load("validation", 32, 20)
        fmodel = fb.PyTorchModel(network, bounds=(0, 1), device="cpu")
        attack = HalftoneAttack(white_box=True, queries=16)
        raw, clipped, is_adv = attack(fmodel, images / 255, labels, epsilons=[0.5, 1.0])
        print("misread:", is_adv.float().mean(1), "queries:", attack.queries_used.float().mean(1))

    epsilon: strength of the halftone, 0 to 1: the result is picture + epsilon (halftone - picture).
    0 is the picture itself, 1 the halftone, two tones a channel.  No pixel changes by more than
    epsilon times the range of the model's bounds, so epsilon is an L-infinity budget too; an L2
    budget b is met at epsilon = b / ||halftone - picture||, with the halftone found at 1.

    tone: of `halftone`, blurred by a Gaussian of half the coarsest ruling, lies everywhere within
    `tone_error` of the picture's, blurred alike: in units of the range from black to white.  Where
    a screen or a step is further off, thresholds rise or fall until it is not; that calls no model.
    A tone range other than (0, 1) first maps the picture's tones into it; MNIST's black ground
    needs that to get any dots.  At epsilon the mapping and the error are epsilon times as large.

    Black box (the default): screens of random kind, ruling, angle, dot and phase, the same for
    every picture, until one is adversarial; else the one of least margin.
    White box (white_box=True): from the first of these screens the thresholds move down the
    gradient of the margin, through `straight_through`; from the next screen after
    `proposals.STEPS`.

    white_box: whether to use gradients.  A query with its gradient counts as one.
    queries: calls of the model that a picture may cost; a larger number begins with the same ones.
    seed: of the screens, 0 or more.  kinds: of screens, from `KINDS`.
    rulings: finest and coarsest [px a cell], 2 or more.  tone_range: lo, hi, see `map_tone`.
    tone_error: above 0, at most 1.
    batch: pictures in one call of the model.  At 1 a result is the same to the last bit whatever
    else is attacked beside it; more are faster, and a model's rounding may differ with them.
    queries_used: calls that each picture of the last attack cost, int64, shaped as `is_adv`.

    Networks are attacked in evaluation mode and left as they were.
    Raises ValueError for a setting that is not allowed.
    """

    white_box: bool = False
    queries: int = 100
    seed: int = 0
    kinds: tuple[str, ...] = (
        "am",
        "bayer",
        "blue-noise",
        "floyd-steinberg",
        "jarvis-judice-ninke",
        "stucki",
        "sierra",
    )
    rulings: tuple[float, float] = (2.0, 4.0)
    tone_range: ToneRange = FULL_RANGE
    tone_error: float = 0.1
    batch: int = 1
    queries_used: Tensor | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        checks.one_of("white_box", self.white_box, (False, True))
        for name, lowest in (("queries", 1), ("seed", 0), ("batch", 1)):
            checks.whole(name, getattr(self, name), lowest)
        if not self.kinds:
            raise ValueError("kinds is empty; it needs one or more.")
        for kind in self.kinds:
            checks.one_of("kinds", kind, KINDS)
        if not isinstance(self.rulings, tuple) or len(self.rulings) != 2:
            raise ValueError(f"rulings is {self.rulings!r}; it is (finest, coarsest).")
        finest, coarsest = self.rulings
        checks.within("rulings", finest, 2, float("inf"), "pixels a cell")
        checks.within("rulings", coarsest, finest, float("inf"), "pixels a cell")
        map_tone(torch.zeros(1), self.tone_range)
        checks.above("tone_error", self.tone_error, 1)

    def __call__(
        self,
        model: Callable[[Tensor], Tensor],
        inputs: Any,
        criterion: Any,
        *,
        epsilons: float | Iterable[float],
    ) -> tuple[Any, Any, Any]:
        """Attack a batch; returns raw, clipped, is_adv.

        model: a foolbox model, or a torch module on pictures in [0, 1]: (N, C, H, W) -> logits.
        inputs: floating (N, C, H, W) within the model's bounds, a tensor of torch or of eagerpy.
        criterion: labels, int64 (N,); foolbox's Misclassification or TargetedMisclassification.
        epsilons: one strength or several, each in [0, 1].
        raw and clipped are one and the same, as nothing needs clipping: (N, C, H, W), a list of
        them for several epsilons.  is_adv: bool, (N,) or (epsilons, N).  Types are those of inputs.
        Raises ValueError or TypeError for an argument that is not allowed, ValueError where
        tone_error is so small that none of `proposals.TRIES` screens keeps a picture's tone.
        """
        images = getattr(inputs, "raw", inputs)
        restore = type(inputs) if images is not inputs else lambda tensor: tensor
        several = isinstance(epsilons, Iterable)
        strengths = [*epsilons] if isinstance(epsilons, Iterable) else [epsilons]
        if not strengths:
            raise ValueError("epsilons is empty; it needs one or more.")
        for epsilon in strengths:
            checks.within("epsilons", epsilon, 0, 1)
        bounds = self._check(model, images)
        classes, targeted = _goal(criterion, images)
        with evaluating():
            asked = (model, bounds, images.detach(), classes, targeted)
            found = [self._search(_Question(*asked, float(epsilon))) for epsilon in strengths]
        pictures, adversarial, used = zip(*found, strict=True)
        self.queries_used = torch.stack(used) if several else used[0]
        if not several:
            return restore(pictures[0]), restore(pictures[0]), restore(adversarial[0])
        drawn = [restore(x) for x in pictures]
        return drawn, [*drawn], restore(torch.stack(adversarial))

    @property
    def _proposals(self) -> Proposals:
        return Proposals(self.seed, self.kinds, self.rulings, self.tone_error)

    def _check(self, model: Any, images: Any) -> tuple[float, float]:
        """The model's bounds; raises unless pictures are what a screen and this model take."""
        if not callable(model):
            raise TypeError(f"model is {type(model).__name__}; it is a foolbox model or a module.")
        if not isinstance(images, Tensor) or not images.is_floating_point() or images.ndim != 4:
            it = getattr(images, "dtype", type(images).__name__)
            raise TypeError(f"inputs are {it} {_shape(images)}; they are floating (N, C, H, W).")
        least = int(np.ceil(3 * self._proposals.sigma)) + 1  # the blur reflects the borders
        if len(images) == 0 or min(images.shape[2:]) < least:
            raise ValueError(
                f"inputs are {_shape(images)}; they are one picture or more, each side {least} px "
                f"or more for rulings up to {self.rulings[1]:g} px."
            )
        low, high = getattr(model, "bounds", (0.0, 1.0))
        if not (images.min() >= low and images.max() <= high):
            span = f"{float(images.min()):g} to {float(images.max()):g}"
            raise ValueError(f"inputs lie in {span}; the model's bounds are {low:g} to {high:g}.")
        return low, high

    def _search(self, question: _Question) -> tuple[Tensor, Tensor, Tensor]:
        """The pictures found, which of them are adversarial, and the queries that each cost."""
        tones = question.tones(self.tone_range)
        proposals = [self._proposals.of(tone) for tone in tones.split(1)]
        thresholds = [next(proposal) for proposal in proposals]
        found, least = question.images.clone(), torch.full_like(tones[:, 0, 0, 0], torch.inf)
        adversarial, used = least.isnan(), torch.zeros_like(question.classes)
        for left in reversed(range(self.queries if question.epsilon else 1)):
            descends = self.white_box and left > 0
            for group in (~adversarial).nonzero()[:, 0].split(self.batch):
                if not len(group):  # all are adversarial: the split of nothing is one empty group
                    break
                fields = torch.cat([thresholds[i] for i in group.tolist()])
                shown, margin, wins, slopes = question.ask(group, tones[group], fields, descends)
                better = wins | (margin < least[group]) | (used[group] == 0)
                found[group[better]], least[group[better]] = shown[better], margin[better]
                adversarial[group] = wins
                used[group] += 1
                for i, won, slope in zip(group.tolist(), wins.tolist(), slopes, strict=True):
                    if left and not won:
                        thresholds[i] = proposals[i].send(slope)
        return found, adversarial, used


def _shape(images: Any) -> tuple:
    return tuple(getattr(images, "shape", ()))


def _goal(criterion: Any, images: Tensor) -> tuple[Labels, bool]:
    """The class of each picture that decides, and whether it is a target."""
    targeted = hasattr(criterion, "target_classes")
    classes = getattr(criterion, "target_classes" if targeted else "labels", criterion)
    classes = getattr(classes, "raw", classes)
    if not isinstance(classes, Tensor):
        raise TypeError(
            f"criterion is {type(criterion).__name__}; it is labels, Misclassification or "
            "TargetedMisclassification."
        )
    if classes.is_floating_point() or classes.shape != images.shape[:1] or classes.min() < 0:
        raise ValueError(
            f"criterion's classes are {classes.dtype} {_shape(classes)}; they are whole numbers "
            f"from 0, one a picture: ({len(images)},)."
        )
    return classes.to(images.device, torch.int64), targeted


def _logits(model: Callable[[Tensor], Tensor], pictures: Tensor, classes: Tensor) -> Tensor:
    """What the model says; raises ValueError unless it is a logit for each class asked about."""
    logits = model(pictures)
    if logits.ndim != 2 or logits.shape[1] <= classes.max():
        raise ValueError(
            f"the model gives {_shape(logits)}; it is (N, classes), with more classes than the "
            f"criterion's greatest, {int(classes.max())}."
        )
    return logits


def _slopes(margin: Tensor, thresholds: Tensor) -> tuple[Tensor, ...]:
    """The gradient of each picture's margin, (1, C, H, W) each."""
    if not margin.requires_grad:
        raise ValueError("the model has no gradient; white_box is False for such a model.")
    (gradient,) = torch.autograd.grad(margin.sum(), thresholds)
    return gradient.split(1)
