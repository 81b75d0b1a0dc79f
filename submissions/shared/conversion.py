"""What packages carry, as checkpoints in the layout of transformers. The same bytes each time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from submissions.shared.errors import RecipeError

Arrays = dict[str, npt.NDArray[Any]]
SIDE = 168  # pixels a side, 12 by 12 patches: at 224, encoding took twice as long
BACKBONE = "backbone."


def convert_dinov2(content: Path, target: Path) -> None:
    """The backbone of an ONNX export of Dinov2Model; the decoder behind it is left out."""
    weights, nodes = read_onnx(one(content, "*.onnx"))
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
        "size": {"height": SIDE, "width": SIDE},  # squeezed: the middle of a wide screen dump would lose its menus
        "do_center_crop": False,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    write_json(target / "config.json", config)
    write_json(target / "preprocessor_config.json", processor)
    save_file(arrays, target / "model.safetensors", {"format": "pt"})


def dinov2_arrays(weights: Mapping[str, npt.NDArray[Any]], nodes: Mapping[str, str]) -> Arrays:
    """Names as in transformers. weights: by name in the export. nodes: by a matrix product's name, its weight's.

    The export names biases and norms, transposes the matrices and leaves them, like the positions, without a name.
    """
    arrays = {name.removeprefix(BACKBONE): value for name, value in weights.items() if name.startswith(BACKBONE)}
    for node, weight in nodes.items():
        if node.startswith("/backbone/encoder/") and weight in weights:
            name = node.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            arrays[f"{name}.weight"] = np.ascontiguousarray(weights[weight].T)
    loose = [value for name, value in weights.items() if "." not in name and value.ndim == 3 and value.shape[0] == 1]
    tables = sorted(loose, key=lambda value: value.shape[1])  # of the class token, then of the patches
    if [len(table[0]) > 1 for table in tables] != [False, True]:
        raise RecipeError(f"no export of Dinov2Model: {len(tables)} tables of positions in it, wanted 2")
    arrays["embeddings.position_embeddings"] = np.concatenate(tables, axis=1)
    arrays["embeddings.mask_token"] = np.zeros_like(arrays["embeddings.cls_token"][0])  # used in pretraining alone
    return arrays


def convert_minilm(content: Path, target: Path) -> None:
    """A BertModel as it is; its tokenizer without the padding and cutting that belong to single sentences."""
    model = one(content, "model.safetensors").parent
    for name in ("config.json", "model.safetensors"):
        shutil.copyfile(model / name, target / name)
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    write_json(target / "tokenizer.json", tokenizer | {"padding": None, "truncation": None})


def read_onnx(path: Path) -> tuple[Arrays, dict[str, str]]:
    """The stored arrays by name, and by each matrix product's name the name of its second factor."""
    try:
        import onnx
    except ImportError:
        raise RecipeError("reading this package needs onnx: `pip install onnx`") from None
    graph = onnx.load(path).graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return arrays, {node.name: node.input[1] for node in graph.node if node.op_type == "MatMul"}


def one(content: Path, pattern: str) -> Path:
    """The one file of this name in a wheel."""
    found = sorted(content.rglob(pattern))
    if len(found) != 1:
        raise RecipeError(f"{len(found)} files {pattern} in the package, wanted 1")
    return found[0]


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


CONVERSIONS = {"dinov2": convert_dinov2, "minilm": convert_minilm}
