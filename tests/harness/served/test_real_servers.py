"""The same checkpoint asked directly and behind servers: `transformers serve`, and its logits behind the mock's API."""

from __future__ import annotations

import io
import math
import os
import runpy
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from PIL import Image

from harness.contract import frozen_set
from harness.records import Modality
from harness.run import verification
from harness.serve import Pair
from harness.served.settings import RequestLimits
from tests.harness.served.mock_server import MockServer, serving
from tests.harness.served.test_served import evaluate
from tests.sets import tiny_set
from tests.submissions import vision_language
from tests.submissions.predicting import ROOT

PATIENT = RequestLimits(concurrency=2, request_s=100.0)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> frozen_set.FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"), articles=4, pairs_per_article=2)


@pytest.fixture(scope="module")
def checkpoint(frozen: frozen_set.FrozenSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random checkpoint whose two most probable first tokens are always A and B, so that its text can be read."""
    texts = [text for q in frozen.questions for text in (q.title, q.first.headline, q.second.headline)]
    folder = tmp_path_factory.mktemp("llava")
    model, tokenizer = small_llava(folder, vision_language._tokenizer(folder, texts))
    first, second = (tokenizer.convert_tokens_to_ids(letter) for letter in "AB")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)  # first weights of 0.02 would answer 0.5 to everything
        row = model.lm_head.weight[first].clone()
        row[0] = 0
        model.get_input_embeddings().weight[:, 0] = 1  # a constant, by which every other token becomes improbable
        for layer in model.model.language_model.layers:  # no layer changes it
            layer.self_attn.o_proj.weight[0] = 0
            layer.mlp.down_proj.weight[0] = 0
        model.lm_head.weight.zero_()
        model.lm_head.weight[:, 0] = -10
        model.lm_head.weight[first], model.lm_head.weight[second] = row, -row
    model.save_pretrained(folder)
    return folder


def small_llava(folder: Path, ids: dict[str, int]) -> tuple[Any, Any]:
    """A random LLaVA with its processor: a class without a video part, which would need torchvision."""
    text = {k: v for k, v in vision_language.TEXT.items() if k != "rope_parameters"} | {"vocab_size": len(ids)}
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(image_size=28, patch_size=14, **sizes),
        text_config=transformers.LlamaConfig(**text),
        image_token_index=ids["<|image_pad|>"],
        vision_feature_layer=-1,
    )
    torch.manual_seed(0)
    model = transformers.LlavaForConditionalGeneration(config)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    pictures = {"size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}}
    transformers.LlavaProcessor(
        transformers.CLIPImageProcessor(**pictures),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token="<|image_pad|>",  # noqa: S106 - a mark in the text, no secret
        chat_template=vision_language.TEMPLATE,
    ).save_pretrained(folder)
    return model, tokenizer


@pytest.fixture(scope="module")
def judge(checkpoint: Path) -> Any:
    program = SimpleNamespace(**runpy.run_path(str(ROOT / "submissions/zero_shot/predict.py")))
    return program.Judge(checkpoint, torch.device("cpu"))


def shown(frozen: frozen_set.FrozenSet, modality: Modality) -> dict[str, Pair]:
    return {
        q.pair_id: Pair(
            q.pair_id,
            q.title,
            (q.first.headline, q.second.headline) if modality.sends_headlines else None,
            (str(frozen.picture(q.first)), str(frozen.picture(q.second))) if modality.sends_images else None,
        )
        for q in frozen.questions
    }


@dataclass
class CheckpointServer(MockServer):
    """Answers with the logits of a checkpoint, as servers with log-probabilities do."""

    judge: Any = None
    lock: Any = field(default_factory=threading.Lock)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        content = request["messages"][-1]["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else [part(sent) for sent in content]
        inputs = self.judge.processor.apply_chat_template(
            [[{"role": "user", "content": parts}]],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            last = self.judge.model(**inputs, logits_to_keep=1).logits[0, -1].double().log_softmax(-1)
        values, ids = last.topk(20)
        texts = [self.judge.processor.tokenizer.decode([i]) for i in ids]
        top = [{"token": t, "logprob": float(v)} for t, v in zip(texts, values, strict=True)]
        token = {"token": texts[0], "logprob": float(values[0]), "top_logprobs": top}
        return {"choices": [{"message": {"content": texts[0]}, "logprobs": {"content": [token]}}]}


def part(sent: dict[str, Any]) -> dict[str, Any]:
    if sent["type"] == "text":
        return sent
    picture = b64decode(sent["image_url"]["url"].partition(",")[2])
    return {"type": "image", "image": Image.open(io.BytesIO(picture)).convert("RGB")}


@pytest.mark.parametrize("modality", [*Modality])
def test_the_endpoint_and_zero_shot_give_the_same_probabilities_for_one_checkpoint(
    modality: Modality, frozen: frozen_set.FrozenSet, judge: Any, tmp_path: Path
) -> None:
    with serving(CheckpointServer(judge=judge)) as server:
        found = evaluate(frozen, server.url, tmp_path, modality, varied=0, limits=PATIENT)
    wanted = {name: judge.p_in_order(pair) for name, pair in shown(frozen, modality).items()}
    assert found.predictions == pytest.approx(wanted, abs=1e-6)
    assert len({round(p, 6) for p in wanted.values()}) == len(wanted), "a model that cannot tell would show nothing"


@pytest.fixture(scope="module")
def transformers_serve(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "log"
    words = [str(Path(sys.executable).with_name("transformers")), "serve", str(checkpoint), "--port", str(port)]
    with log.open("wb") as stream:
        environment = os.environ | {"HF_HUB_OFFLINE": "1"}
        process = subprocess.Popen([*words, "--device", "cpu"], stdout=stream, stderr=stream, env=environment)
    try:
        deadline = time.monotonic() + 240
        while not listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("modality", [*Modality])
def test_transformers_serve_answers_as_the_checkpoint_does(
    modality: Modality, transformers_serve: str, checkpoint: Path, frozen: frozen_set.FrozenSet, judge: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    found = evaluate(
        frozen, transformers_serve, tmp_path, modality, 2, PATIENT, model=str(checkpoint), max_tokens=1
    )  # fmt: skip
    assert found.result.status == "scored"
    assert list(verification.from_predictions(found, frozen, {})) == []
    assert found.result.served
    assert found.result.served.decoding.top_logprobs == 0, "this server returns no log-probabilities"
    assert found.result.served.answers.unreadable == 0
    for name, pair in shown(frozen, modality).items():
        odds = [judge.log_odds(pair, order) for order in ((0, 1), (1, 0))]
        assert min(map(abs, odds)) > 1e-3, "a tie would be decided by rounding"
        assert found.predictions[name] == (int(odds[0] > 0) + int(odds[1] < 0)) / 2
    assert math.isfinite(found.result.served.prompt_tokens)
