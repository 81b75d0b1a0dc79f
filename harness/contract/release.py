"""The release key: the secret that makes a set hidden although its crawl and its spec are public.

The public seed of the spec decides the split and the choice of pairs. The key decides everything that must not be
guessed: which half of the pairs is inverted, the opaque ids, the order of the rows, and which pairs are canaries. A set
records only the fingerprint of its key.

A canary is a pair whose recorded label is independent of the truth. All pairs of a canary article are canaries, and the
positions recorded for the article follow one secret random order of its steps, so that nothing distinguishes it from
any other article to a reader of the ground truth. A submission that cannot read the ground truth agrees with half of
the canaries on average, however good it is. The id of a canary is an HMAC like any other id, under another purpose, so
that only the holder of the key can tell.

Sets of earlier releases have single canary pairs, each with a coin of its own. Their ids are recognised in the same
way; their manifests do not state a number of canary articles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import GroundTruth, Step, StepPair

KEY_BYTES = 32
PURPOSES = {False: "pair id", True: "canary id"}


def read_key(path: Path) -> bytes:
    """Read a release key: at least 32 bytes, as `head -c 32 /dev/urandom > FILE` makes them.

    Raises:
        InputError: the file cannot be read, or is too short.
    """
    try:
        key = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a release key of {KEY_BYTES} random bytes") from None
    if len(key) < KEY_BYTES:
        raise InputError(f"{path}: {len(key)} bytes; a release key has at least {KEY_BYTES}, so that none can guess it")
    return key


def fingerprint(key: bytes) -> str:
    """Return the fingerprint that a set records of its key: 64 hexadecimal digits that do not reveal it."""
    return keyed.digest(key, "fingerprint").hex()


def pair_id(key: bytes, article_id: str, first: Step, second: Step, canary: bool = False) -> str:
    """Return the opaque id of two steps shown in this order."""
    shown = (first.headline, first.image, second.headline, second.image)
    return keyed.token(key, PURPOSES[canary], article_id, *shown)


def canaries(frozen: FrozenSet, key: bytes) -> dict[str, GroundTruth]:
    """Return the recorded ground truth of the canaries, by pair id.

    Raises:
        InputError: the key is not the one that the set was built with.
    """
    if frozen.manifest.details.get("release_key") != fingerprint(key):
        raise InputError(f"{frozen.title}: this is not the release key that the set was built with")
    return {
        truth.pair_id: truth
        for pair, truth in zip(frozen.questions, frozen.truths, strict=True)
        if is_canary(key, pair, truth)
    }


def is_canary(key: bytes, pair: StepPair, truth: GroundTruth) -> bool:
    """Return whether a pair of a hidden set is a canary. key: the set's release key."""
    return pair.pair_id == pair_id(key, truth.article_id, pair.first, pair.second, canary=True)


def canary_steps(frozen: FrozenSet, canaries: Mapping[str, GroundTruth]) -> dict[str, tuple[str, str]] | None:
    """Return names of the two steps of each canary, first and second, by pair id.

    Steps of one name stand in one secret order wherever they are shown: the name is the picture, with the headline if
    an article has several steps of that picture. None for a set whose canaries are coins, each by itself.
    """
    if "canary_articles" not in frozen.manifest.details:
        return None
    positions: dict[tuple[str, str], set[int]] = defaultdict(set)
    shown = [(pair, canaries[pair.pair_id]) for pair in frozen.questions if pair.pair_id in canaries]
    for pair, truth in shown:
        for step, position in zip((pair.first, pair.second), truth.positions, strict=True):
            positions[truth.article_id, step.image].add(position)

    def name(step: Step, article_id: str) -> str:
        return step.image if len(positions[article_id, step.image]) == 1 else f"{step.image} {step.headline}"

    return {
        pair.pair_id: (name(pair.first, truth.article_id), name(pair.second, truth.article_id)) for pair, truth in shown
    }


def secret(frozen: FrozenSet, key: bytes | None) -> dict[str, GroundTruth]:
    """Return the canaries of a hidden set, none of a public one.

    Raises:
        InputError: the set is hidden and `key` is None, or the key is another set's.
    """
    if frozen.manifest.visibility == "public":
        return {}
    if key is None:
        raise InputError(
            f"{frozen.title} is hidden: its canaries must not count. Name its release key: --key-file FILE"
        )
    return canaries(frozen, key)


def counted(frozen: FrozenSet, canaries: Mapping[str, GroundTruth]) -> FrozenSet:
    """Return the set as it is scored: without its canaries."""
    if not canaries:
        return frozen
    questions = tuple(pair for pair in frozen.questions if pair.pair_id not in canaries)
    truths = tuple(truth for truth in frozen.truths if truth.pair_id not in canaries)
    return replace(frozen, questions=questions, truths=truths)
