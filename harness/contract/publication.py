"""The public bundle of a result on a hidden set: a released score, and nothing that tells labels or carries text.

Withheld are predictions, counts per article, vectors and the predictor's standard error output. Dropped are every score
but the macro accuracy, which is released through the ledger; trust figures that depend on the labels; counts of
canaries; figures of the vectors; resources and latencies; and all text of the running submission. A failure keeps one
word of a fixed vocabulary.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import UNSET

from harness.contract import bundle, checksums, decoding, files, ledger
from harness.contract.bundle import ARTICLES, ENVIRONMENT, PREDICTIONS, RUN_KEY, VARIANTS, Bundle
from harness.contract.ledger import LedgerLine
from harness.contract.result import (
    CanaryVerdict,
    Environment,
    Failure,
    ReleasedScore,
    Result,
    SubmissionIdentity,
    Timings,
    Trust,
)
from harness.errors import InputError

WITHHELD = (PREDICTIONS, ARTICLES, VARIANTS, "stderr.log", "embeddings.npz", RUN_KEY)
LONGEST_TITLE, LONGEST_AUTHOR, LONGEST_WORDS, MOST_LISTED = 80, 60, 200, 20
COARSE = 2  # digits of a trust figure
IMAGE = re.compile(r"(sha256:)?[0-9a-f]{64}")
HEX = re.compile(r"[0-9a-f]{64}")

# The word for a failure, and the form of its reason; the first form that fits decides.
FAILURES = {
    "image": re.compile(r"\bits image\b|\bVOLUME\b|Dockerfile"),
    "ran out of memory": re.compile(r"killed for memory|lack of memory|out of memory", re.IGNORECASE),
    "timed out": re.compile(r"gave no answer within|did not read its input for|took over .* s for"),
    "started": re.compile(r"cannot start|did not start|initialize: the predictor reports"),
    "crashed": re.compile(r"ended (with exit code|without answering|before)|killed by signal"),
    "broke the protocol": re.compile(""),
}


def publish(found: Bundle, root: Path, book: Path, team: str) -> Bundle:
    """Write the public bundle of a hidden set's result into a new folder, and enter the look in the ledger.

    Args:
        root: the new folder.
        book: the ledger, `ledger.jsonl`; it is created if it is absent.
        team: the name under which looks are counted.

    Raises:
        InputError: the set is public, the bundle is published already, `root` exists, or the ledger is broken.
    """
    result = found.result
    if result.set.visibility != "hidden":
        raise InputError(
            f"{found.root}: is a result on a public set, so there is nothing to withhold; share it as it is"
        )
    if result.withheld is not UNSET:
        raise InputError(f"{found.root}: is a public bundle already; name the private one")
    if root.exists():
        raise InputError(f"{root}: exists already; name another folder")
    with ledger.opened(book) as held:
        line = _look(found, held.lines, team)
        partial = root.with_name(root.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        digest = _write(found, partial, line)
        held.append(msgspec.structs.replace(line, bundle=digest))
        partial.rename(root)
    return bundle.read(root)


def failure_word(reason: str) -> str:
    """Return the word of the fixed vocabulary for the reason of a failed run."""
    return next(word for word, form in FAILURES.items() if form.search(reason))


def _look(found: Bundle, lines: list[LedgerLine], team: str) -> LedgerLine:
    """Return the line of a new look; the digest of the public bundle is still that of the private one."""
    result = found.result
    step = next((line.step for line in lines if line.set == result.set.digest and line.released is not None), None)
    released, improved, values = None, False, 1
    if result.scores is not None:
        step = step or ledger.resolution(found.articles)
        best = ledger.best_of(lines, team, result.set.digest, result.modality)
        released, improved, values = ledger.release(result.scores.accuracy.macro.value, best, step)
    alarms = 1 if result.trust.canaries is UNSET else 2  # the alarm is published too: yes or no
    line = {
        "previous": ledger.head(lines),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "team": team,
        "set": result.set.digest,
        "modality": result.modality.value,
        "submission": result.submission.name,
        "bundle": found.digest,
        "step": step or 1.0,
        "released": released,
        "improved": improved,
        "values": values * alarms,
    }
    return decoding.convert(LedgerLine, line, "the look")


def _write(found: Bundle, root: Path, line: LedgerLine) -> str:
    """Write the files of the public bundle. Return its digest."""
    withheld = {name: files.sha256(found.root / name) for name in WITHHELD if (found.root / name).is_file()}
    # The counts' own digest would let a guess of all labels be checked. The private digest is as good as a secret: it
    # covers the timings, which are dropped.
    if ARTICLES in withheld:
        withheld[ARTICLES] = hashlib.sha256(f"{found.digest} {withheld[ARTICLES]}".encode()).hexdigest()
    files.write(root / "result.json", decoding.json_page(_public_result(found.result, line, withheld)).encode())
    files.write(root / "timings.json", decoding.json_page(Timings(finished=found.timings.finished)).encode())
    if found.environment is not None:
        files.write(root / ENVIRONMENT, decoding.json_page(_public_environment(found.environment)).encode())
    return checksums.seal(root)


def _public_result(result: Result, line: LedgerLine, withheld: dict[str, str]) -> Result:
    failure = result.failure and Failure(fault="submission", reason=failure_word(result.failure.reason))
    released = (
        UNSET
        if line.released is None
        else ReleasedScore(value=line.released, step=line.step, improved=line.improved, team=line.team)
    )
    return msgspec.structs.replace(
        result,
        failure=failure,
        submission=_public_submission(result.submission),
        trust=_public_trust(result.trust),
        scores=None,
        released=released,
        embeddings=UNSET,
        withheld=withheld,
    )


def _public_submission(of: SubmissionIdentity) -> SubmissionIdentity:
    """Return the manifest's own words, which were written before the run, shortened."""
    return msgspec.structs.replace(
        of,
        title=of.title[:LONGEST_TITLE],
        authors=[author[:LONGEST_AUTHOR] for author in of.authors[:MOST_LISTED]],
        licence=of.licence[:LONGEST_AUTHOR],
        paper=of.paper and of.paper[:LONGEST_WORDS],
        training_data=[text[:LONGEST_WORDS] for text in of.training_data[:MOST_LISTED]],
        image=of.image if of.image and IMAGE.fullmatch(of.image) else None,
        weights=of.weights if of.weights and HEX.fullmatch(of.weights) else None,
    )


def _public_trust(trust: Trust) -> Trust:
    """Return the figures that follow from the answers alone, rounded, and the canaries' alarm."""
    return Trust(
        stateful=trust.stateful,
        probed=trust.probed,
        p_predict_1=_coarse(trust.p_predict_1),
        self_consistency=_coarse(trust.self_consistency),
        swap_consistency=_coarse(trust.swap_consistency),
        canaries=UNSET if trust.canaries is UNSET else CanaryVerdict(alarm=trust.canaries.alarm),
    )


def _coarse(figure: float | None) -> float | None:
    return None if figure is None else round(figure, COARSE)


def _public_environment(of: Environment) -> Environment:
    """Return the machine and the packages of the harness; the submission decides how much it uses and says."""
    seams = [msgspec.structs.replace(seam, reason="") for seam in of.seams]
    return msgspec.structs.replace(of, predictors=[], seams=seams, libraries={})
