"""The other direction: whatever a set holds travels as one line, and the predictor's side reads the same out of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from harness import serve
from harness.contract import protocol
from harness.contract.protocol import SentQuestion
from harness.records import Modality, Step, StepPair

TEXT = st.text(min_size=1, max_size=40).filter(str.strip)


@given(title=TEXT, first=TEXT, second=TEXT, modality=st.sampled_from(Modality))
def test_any_words_of_a_set_travel_as_one_line_and_arrive(
    title: str, first: str, second: str, modality: Modality
) -> None:
    pair = StepPair("p", "c", title, Step(first, "images/a.png"), Step(second, "images/b.png"))
    line = protocol.predict_pairs(3, [SentQuestion("q", pair, "/exchange/a", "/exchange/b")], modality)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    arrived = serve._pair(json.loads(line)["params"]["pairs"][0])
    assert (arrived.id, arrived.title) == ("q", title)
    assert arrived.headlines == ((first, second) if modality.sends_headlines else None)
    assert arrived.images == (("/exchange/a", "/exchange/b") if modality.sends_images else None)


@given(seed=st.integers(0, 2**63), batch=st.integers(1, protocol.MAX_BATCH), modality=st.sampled_from(Modality))
def test_a_greeting_travels_as_one_line(seed: int, batch: int, modality: Modality) -> None:
    line = protocol.initialize(0, modality, seed, batch)
    assert line.count(b"\n") == 1
    assert json.loads(line)["params"] == {"protocol": 1, "modality": modality, "seed": seed, "max_batch": batch}
