"""foolbox's attacks, each picture by itself: a size and random numbers of its own.

In foolbox one size holds for a batch, and what is drawn for a picture depends on those beside it.
Alone of the studies this needs the extra `report`, for foolbox.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import eagerpy as ep
import foolbox
import torch
from foolbox import attacks
from torch import Tensor, nn

from halftone_utils.engine import checks
from halftone_utils.engine.files import hash_of
from halftone_utils.engine.types import Images, Labels
from halftone_utils.networks import training
from halftone_utils.screens.attack import margins

BATCH = 40  # pictures at a time
REACH = 2.5  # in how many budgets' lengths all steps together go (Madry et al. 2018)
FIRST_QUERIES = 30  # of HopSkipJump's first estimate of a gradient: its 100 are most of a budget
SURE = 1e-3  # logits by which an example is misread: more than rounding in another batch moves


class _Alone:
    """A projected gradient descent of foolbox, with a size and a seed for each picture."""

    def __init__(self, seeds: Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        self.seeds = seeds

    def get_random_start(self, x0: Any, epsilon: Any) -> Any:
        """Each picture's own start; epsilon: (N, 1, 1, 1)."""
        draw: Callable = super().get_random_start  # type: ignore[misc]
        starts = []
        with torch.random.fork_rng(devices=[]):
            for i, seed in enumerate(self.seeds):
                torch.manual_seed(seed)
                starts.append(draw(x0[i : i + 1], epsilon[i].item()))
        return ep.concatenate(starts)

    def project(self, x: Any, x0: Any, epsilon: Any) -> Any:
        """Each picture back into its own ball; epsilon: (N, 1, 1, 1)."""
        into: Callable = super().project  # type: ignore[misc]
        each = (slice(i, i + 1) for i in range(len(x)))
        return ep.concatenate([into(x[i], x0[i], epsilon[i].item()) for i in each])


class _Linf(_Alone, attacks.LinfPGD):
    pass


class _L2(_Alone, attacks.L2PGD):
    pass


NORMS: dict[str, type[_Alone]] = {"Linf": _Linf, "L2": _L2}


def pgd(
    model: nn.Module,
    images: Images,
    labels: Labels,
    sizes: Tensor,
    *,
    norm: str = "Linf",
    steps: int = 20,
    restarts: int = 1,
    seed: int = 0,
) -> Tensor:
    """Projected gradient descent (Madry et al., ICLR 2018), by foolbox: (N, 1, H, W).

    images: in [0, 1], as the result.  sizes: greatest norm of each picture's change, (N,).
    norm: one of NORMS.  steps: each of REACH / steps of the size, from a random start.
    restarts: starts, the next one for pictures that are still read right.
    Raises ValueError for another norm, or numbers below 1.
    """
    checks.one_of("norm", norm, NORMS)
    checks.whole("steps", steps, 1)
    checks.whole("restarts", restarts, 1)
    asked, found = foolbox.PyTorchModel(model.eval(), bounds=(0, 1)), images.clone()
    left = torch.arange(len(images))
    for restart in range(restarts):
        for group in left.split(BATCH) if len(left) else ():
            seeds = [_seed(seed, restart, i) for i in group.tolist()]
            attack: Any = NORMS[norm](seeds, steps=steps, rel_stepsize=REACH / steps)
            budget = ep.astensor(sizes[group].view(-1, 1, 1, 1))
            found[group] = attack.run(asked, images[group], labels[group], epsilon=budget)
        left = (training.predict(model, found) == labels).nonzero()[:, 0]
    return found


def _seed(*of: int) -> int:
    return int(hash_of(of), 16) % 2**63


class _SpentError(Exception):
    """All queries have been asked."""


class _Nearest(foolbox.criteria.Criterion):
    """Misread by SURE, of one picture; remembers the nearest such example after each query.

    nearest: queries when it was found, its L2 distance, the example (1, 1, H, W).
    """

    def __init__(self, image: Tensor, label: Tensor, queries: int) -> None:
        super().__init__()
        self.image, self.label, self.queries, self.asked = image, label, queries, 0
        self.nearest: list[tuple[int, float, Tensor]] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label.item()})"

    def __call__(self, perturbed: Any, outputs: Any) -> Any:
        shown = perturbed.raw
        wrong = margins(outputs.raw, self.label.expand(len(shown)), targeted=False) < -SURE
        lengths = (shown - self.image).flatten(1).norm(dim=1).tolist()
        for i, (misread, length) in enumerate(zip(wrong.tolist(), lengths, strict=True)):
            if misread and (not self.nearest or length < self.nearest[-1][1]):
                self.nearest.append((self.asked + i + 1, length, shown[i : i + 1].clone()))
        self.asked += len(shown)
        if self.asked >= self.queries:
            raise _SpentError
        return ep.astensor(wrong)


class _AtOnce(attacks.HopSkipJumpAttack):
    """HopSkipJump with the questions of one estimate of a gradient in one call of the model."""

    def approximate_gradients(
        self, is_adversarial: Callable, x_advs: Any, steps: int, delta: Any
    ) -> Any:
        """As foolbox's: once to hear the questions, and once more with the answers."""
        questions: list[Any] = []

        def hear(x: Any) -> Any:
            questions.append(x)
            return x.flatten()[:1] > 0  # any answer: nothing hangs on it

        state = torch.get_rng_state()
        super().approximate_gradients(hear, x_advs, steps, delta)
        answers = is_adversarial(ep.concatenate(questions))
        each = iter(range(steps))
        torch.set_rng_state(state)

        def answer(_: Any) -> Any:
            i = next(each)
            return answers[i : i + 1]

        return super().approximate_gradients(answer, x_advs, steps, delta)


def hop_skip_jump(
    model: nn.Module, images: Images, labels: Labels, *, queries: Sequence[int], seed: int = 0
) -> dict[int, Tensor]:
    """HopSkipJump (Chen, Jordan & Wainwright 2020), by foolbox: it hears no more than answers.

    images: in [0, 1].  queries: budgets of answers a picture.  Returns for each budget the nearest
    misread example in L2, (N, 1, H, W): the picture itself where it is misread, or none was found.
    Raises ValueError for a budget below 1.
    """
    for budget in queries:
        checks.whole("queries", budget, 1)
    asked = foolbox.PyTorchModel(model.eval(), bounds=(0, 1))
    found = {budget: images.clone() for budget in queries}
    attack = _AtOnce(
        attacks.LinearSearchBlendedUniformNoiseAttack(steps=50),
        steps=max(queries),  # more than there are queries for
        initial_gradient_eval_steps=FIRST_QUERIES,
    )
    read = (training.predict(model, images) == labels).nonzero()[:, 0]
    for i in read.tolist():
        image = images[i : i + 1]
        heard = _Nearest(image, labels[i : i + 1], max(queries))
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(_seed(seed, i))
            with suppress(_SpentError):
                attack.run(asked, image, heard)
        for budget, pictures in found.items():
            for number, _, example in heard.nearest:
                if number <= budget:
                    pictures[i] = example[0]
    return found
