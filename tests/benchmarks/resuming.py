"""How long is the rest of a run that was killed half-way, against the same questions asked alone?

    python -m tests.benchmarks.resuming

The process sandbox, a predictor of 2 ms a pair in batches of 16, the text alone. Ours goes on from a journal that holds
half of the batches: it reads them, and asks the last of them once more. The other is the second half as a whole run.
Both start a predictor; neither scores.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission
from harness.records import Modality
from harness.run.session import Evaluation, EvaluationSession
from harness.sandbox.base import Limits
from tests import sets
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, at_most, compared, timed
from tests.hostile import arena

BATCH, PAIRS_PER_ARTICLE = 16, 10
ARTICLES = {Size.TINY: 16, Size.QUICK: 400, Size.FULL: 3_300}
REPEATS = {Size.TINY: 1, Size.QUICK: 3, Size.FULL: 3}
PREDICTOR = """\
import json, sys, time
for line in sys.stdin.buffer:
    request = json.loads(line)
    pairs = request["params"].get("pairs")
    time.sleep(0.002 * len(pairs or ()))
    result = {"name": "slow", "batch": 16} if pairs is None else {
        "predictions": [{"id": pair["id"], "p_in_order": 0.5} for pair in pairs]}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\\n")
    sys.stdout.flush()
"""


@contextmanager
def predictor() -> Iterator[Submission]:
    with arena.reachable_corpus() as corpus:
        manifest = (corpus / "submission.toml").read_text().replace("batch = 4", f"batch = {BATCH}")
        (corpus / "submission.toml").write_text(manifest)
        (corpus / "slow.py").write_text(PREDICTOR)
        yield arena.load(corpus, "slow")


def asked(subject: Submission, frozen: FrozenSet, journal: Path, before: Sequence[str] = ()) -> set[str]:
    """The pairs that are asked by a run that finds these lines in its journal, but for those that it asks again."""
    journal.write_text("".join(before))
    known = {pair for line in before[2:] for pair in pairs(line)}
    sandbox = arena.sandbox_of("process")
    evaluation = Evaluation(subject, frozen, Modality.TEXT, 0, None, Limits(), 0)
    asking = EvaluationSession(evaluation, sandbox, None, journal, journal.with_suffix(".log"), lambda *_: None)
    asking.log.touch()
    asking.run()
    sandbox.close()
    return {prediction.pair_id for prediction in asking.transcript.predictions} - known


def pairs(line: str) -> Iterator[str]:
    yield from (pair for pair, _ in json.loads(line)["predictions"])


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, predictor() as subject:
        frozen = sets.tiny_set(Path(name), articles=ARTICLES[size], pairs_per_article=PAIRS_PER_ARTICLE)
        journal = Path(name) / "journal"
        asked(subject, frozen, journal)
        lines = journal.read_text().splitlines(keepends=True)  # identity, batch size, then a line a batch
        before = lines[: 2 + (len(lines) - 2) // 2]
        rest = {pair for line in lines[len(before) :] for pair in pairs(line)}
        half = [number for number, question in enumerate(frozen.questions) if question.pair_id in rest]
        alone = replace(
            frozen,
            questions=tuple(frozen.questions[number] for number in half),
            truths=tuple(frozen.truths[number] for number in half),
        )
        yield compared(
            f"resume after a kill at half of {len(frozen.questions):,} pairs, 2 ms a pair",
            "the remaining half alone",
            timed(partial(asked, subject, frozen, journal, before)),
            timed(partial(asked, subject, alone, journal)),
            aim=at_most(1.05),
            repeats=REPEATS[size],
            warm=False,
            agree=lambda ours, theirs: ours == theirs == rest,
            limit="the last finished batch, asked once more",
        )


if __name__ == "__main__":
    measuring.main(rows, __doc__)
