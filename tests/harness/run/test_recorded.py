"""What really reaches a predictor: a recording one keeps each request and the digests of its pictures."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.contract import submission as submissions
from harness.contract.frozen_set import FrozenSet
from harness.records import Modality, StepPair
from harness.run import pipeline
from harness.run.session import Evaluation
from harness.sandbox.process.sandbox import ProcessSandbox
from tests.hostile import arena
from tests.predictors import submission
from tests.sets import tiny_set

VARIED = 6
RECORD = """
for pair in pairs:
    for step in (pair["first"], pair["second"]):
        if "image" in step:
            with open(step["image"], "rb") as stream:
                step["sha256"] = hashlib.sha256(stream.read()).hexdigest()
print("RECORD", json.dumps(request), file=sys.stderr, flush=True)
"""


@dataclass
class Recording:
    """All requests of one run, each picture with the digest of its bytes."""

    frozen: FrozenSet
    modality: Modality
    requests: list[Any]

    @property
    def pairs(self) -> list[Any]:
        return [pair for request in self.requests for pair in request["params"]["pairs"]]


@pytest.fixture(scope="module", params=list(Modality))
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    root = tmp_path_factory.mktemp("recorded")
    frozen = tiny_set(root / "set", articles=12, pairs_per_article=8)
    subject = submissions.load(submission(root / "s", RECORD, memory_gib=1))
    evaluation = Evaluation(subject, frozen, request.param, 7, None, arena.LIMITS, VARIED)
    with_python = ProcessSandbox(arena.common_python())
    found = pipeline.evaluate(evaluation, with_python, root / "results", lambda *_: None)
    assert found.result.status == "scored", found.result.failure
    return Recording(frozen, request.param, [json.loads(line) for line in _lines(found.root)])


def _lines(bundle: Path) -> list[str]:
    log = (bundle / "stderr.log").read_text().splitlines()
    return [line.removeprefix("RECORD ") for line in log if line.startswith("RECORD ")]


def digest(frozen: FrozenSet, image: str) -> str:
    return hashlib.sha256((frozen.root / image).read_bytes()).hexdigest()


def kind(recorded: Recording, pair: Any) -> str:
    """Which variant a question is, from its content alone."""
    frozen = recorded.frozen
    asked = [one for one in frozen.questions if one.title == pair["title"]]
    said = tuple(pair[step].get("headline") for step in ("first", "second"))
    seen = tuple(pair[step].get("sha256") for step in ("first", "second"))
    kinds = [found for one in asked if (found := _kind(frozen, one, said, seen))]
    if kinds:
        return kinds[0]
    if all(seen) and any(said == (one.first.headline, one.second.headline) or not any(said) for one in asked):
        every = {digest(frozen, step.image) for one in frozen.questions for step in (one.first, one.second)}
        return "replaced" if set(seen) <= every else "perturbed" if not set(seen) & every else "unknown"
    return "unknown"


def _kind(frozen: FrozenSet, one: StepPair, said: tuple[Any, Any], seen: tuple[Any, Any]) -> str:
    words = (one.first.headline, one.second.headline)
    pictures = (digest(frozen, one.first.image), digest(frozen, one.second.image))
    order = {words: 1, words[::-1]: -1, (None, None): 0}.get(said)
    shown = {pictures: 1, pictures[::-1]: -1, (None, None): 0}.get(seen)
    if order is None or shown is None:
        return ""
    if order * shown == -1:
        return "exchanged" if order == 1 else ""
    return "as it is" if order + shown > 0 else "swapped"


def test_each_variant_sends_the_pictures_and_headlines_that_it_is_about(recorded: Recording) -> None:
    found = Counter(kind(recorded, pair) for pair in recorded.pairs)
    wanted = {"as it is": len(recorded.frozen.questions) + VARIED, "swapped": VARIED}
    if recorded.modality is not Modality.TEXT:
        wanted |= {"perturbed": VARIED, "replaced": VARIED}
    if recorded.modality is Modality.VISION_TEXT:
        wanted["exchanged"] = VARIED
    assert found == wanted


def test_a_question_holds_what_its_modality_sends_and_nothing_else(recorded: Recording) -> None:
    step = {"headline"} if recorded.modality.sends_headlines else set()
    step |= {"image", "sha256"} if recorded.modality.sends_images else set()
    for pair in recorded.pairs:
        assert set(pair) == {"id", "title", "first", "second"}
        assert set(pair["first"]) == set(pair["second"]) == step


def test_no_id_of_a_request_or_question_comes_twice_or_tells_the_pair(recorded: Recording) -> None:
    requests, questions = [one["id"] for one in recorded.requests], [pair["id"] for pair in recorded.pairs]
    assert len(set(requests)) == len(requests)
    assert len(set(questions)) == len(questions)
    assert not set(questions) & {pair.pair_id for pair in recorded.frozen.questions}
    assert requests != sorted(requests)
