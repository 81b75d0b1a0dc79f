"""The coin: a submission that imports nothing of ours."""

import subprocess
import sys
from pathlib import Path

from harness.contract import protocol
from harness.records import Modality, Step, StepPair

COIN = Path(__file__).parents[2] / "submissions/coin"
PAIRS = 400


def toss(seed: int) -> list[float]:
    """What the coin says of 400 pairs, through the protocol's own door."""
    steps = [(Step(f"Boil {n} cups.", "a.png"), Step("Pour.", "b.png")) for n in range(PAIRS)]
    pairs = [StepPair(f"p{n}", "Food", "Make Tea", *both) for n, both in enumerate(steps)]
    questions = [protocol.SentQuestion(f"q{n}", pair, None, None) for n, pair in enumerate(pairs)]
    requests = protocol.initialize(0, Modality.TEXT, seed, 64) + protocol.predict_pairs(1, questions, Modality.TEXT)
    run = subprocess.run(
        [sys.executable, "predict.py"], cwd=COIN, input=requests, capture_output=True, check=True, timeout=60
    )
    hello, answers = run.stdout.splitlines()
    assert protocol.read_hello(hello, 0, 64) == protocol.Hello("coin", 64)
    return list(protocol.read_reply(answers, 1, [question.id for question in questions]).p_in_order.values())


def test_the_coin_is_fair_and_its_seed_decides() -> None:
    one = toss(7)
    assert one == toss(7)
    assert one != toss(8)
    assert 160 <= sum(p > 0.5 for p in one) <= 240  # four standard deviations about 200
