"""Networks trained on ImageNet: the one in data/weights, and those that a person's machine has.

Nothing is downloaded.  Networks take pictures (N, 1 or 3, H, W) in [0, 1], grey as three equal
channels; what they were trained to be given (mean and deviation a channel) is done inside.
"""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.transforms import Normalize

from halftone_utils.engine import checks
from halftone_utils.engine.files import DATA, DataError, read_toml

OWN, OWN_IN_TIMM = "efficientnet_lite0", "tf_efficientnet_lite0"
FILE = DATA / "weights" / f"{OWN}.safetensors"
SHA256 = "987600064845a93dba73fd87299830698095bada6084832162f49709af757087"
GROUPS = DATA / "imagenet_groups.toml"
LIBRARIES = ("timm", "torchvision")


@cache
def classes() -> tuple[str, ...]:
    """The names of ImageNet's 1,000 classes, in the usual order."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.DEFAULT.meta["categories"])


@cache
def groups() -> dict[str, frozenset[int]]:
    """Classes that are meshes, and cloths, by data/imagenet_groups.toml.

    Raises DataError for a number that is not of the name beside it.
    """
    found = read_toml(GROUPS)
    for rows in found.values():
        for number, name in rows.items():
            if not (number.isdigit() and int(number) < 1000 and classes()[int(number)] == name):
                raise DataError(f"{GROUPS}: class {number} is not {name!r}.")
    return {group: frozenset(map(int, rows)) for group, rows in found.items()}


class ThreeChannels(nn.Module):
    """Grey as three equal channels: (N, 1 or 3, H, W) -> (N, 3, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        """Without a copy."""
        return images.expand(-1, 3, -1, -1)


def load(name: str = OWN, file: Path | None = None) -> nn.Module:
    """A network trained on ImageNet, in evaluation mode: pictures -> scores of `classes()`.

    name: OWN, which is committed; or "timm/NAME", "torchvision/NAME".  file: weights of theirs,
    .safetensors or what torch.save wrote; without it they are looked for where the library keeps
    what it once fetched.
    Raises ValueError for another name, DataError in one sentence for weights that are missing,
    damaged or of another network.
    """
    if name == OWN:
        model = _timm(OWN_IN_TIMM, FILE if file is None else file)
    else:
        library, _, of = name.partition("/")
        if library not in LIBRARIES or not of:
            raise ValueError(f"network is {name!r}; it is {OWN}, or timm/NAME or torchvision/NAME.")
        model = {"timm": _timm, "torchvision": _torchvision}[library](of, file)
    return model.eval()


@torch.inference_mode()
def answers(model: nn.Module, images: Tensor) -> list[tuple[str, float]]:
    """The first answer to each picture (N, 1 or 3, H, W): a class's name, its share in [0, 1]."""
    shares, classes_of = torch.cat([model(x[None]) for x in images]).softmax(1).max(1)
    named = (classes()[number] for number in classes_of.tolist())
    return list(zip(named, shares.tolist(), strict=True))


def _timm(name: str, file: Path | None) -> nn.Module:
    import timm

    if not timm.is_model(name):
        raise ValueError(
            f"network is 'timm/{name}'; timm {timm.__version__} has none of that name."
        )
    model: Any = timm.create_model(name)
    fetched = model.pretrained_cfg
    if file is None:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(fetched.get("hf_hub_id") or "timm/none", "model.safetensors")
        file = _known(f"timm/{name}", Path(found) if isinstance(found, str) else None)
    _fill(model, file)
    return nn.Sequential(ThreeChannels(), Normalize(fetched["mean"], fetched["std"]), model)


def _torchvision(name: str, file: Path | None) -> nn.Module:
    from torchvision import models

    checks.one_of("torchvision/", name, models.list_models(models))
    weights = models.get_model_weights(name).DEFAULT
    if file is None:
        kept = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
        file = _known(f"torchvision/{name}", kept)
    model = models.get_model(name)
    _fill(model, file)
    asked = weights.transforms()
    return nn.Sequential(ThreeChannels(), Normalize(asked.mean, asked.std), model)


def _known(name: str, file: Path | None) -> Path:
    """The file, if it is there; DataError if not."""
    if file is None or not file.exists():
        where = f" ({file})" if file else ""
        raise DataError(
            f"{name} has no weights on this machine{where}, and none are fetched: give their file."
        )
    return file


def _fill(model: nn.Module, file: Path) -> None:
    """Load weights, no code; raises DataError for a file that is none or does not fit."""
    try:
        if file.suffix == ".safetensors":
            found = load_file(file)
        else:
            found = torch.load(file, map_location="cpu", weights_only=True)
        own = model.state_dict()
        counted = [k for k in own if k.endswith("num_batches_tracked") and k not in found]
        model.load_state_dict({**{k: own[k] for k in counted}, **found})
    except FileNotFoundError:
        raise DataError(f"{file} is missing.") from None
    except Exception as error:  # whatever a file that is no weights makes the readers raise
        said = " ".join(str(error).split()).split(". ")[0][:160]
        raise DataError(f"{file} holds no weights of this network ({said}).") from None
