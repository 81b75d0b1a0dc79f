"""Turn pairs into rows of a set: which step is shown first, the ground truth to record, and the order of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from dataset_builder.pairs.pairing import DrawnPairs, UnorderedPair
from harness import keyed
from harness.contract import release
from harness.records import GroundTruth, Step, StepPair

LabelledPair = tuple[StepPair, GroundTruth]
CACHED = 1024  # steps and strata: the rows of one article come together and share them


def label_pairs(drawn: Iterable[DrawnPairs], key: bytes, alike: int | None = None) -> Iterator[LabelledPair]:
    """Yield all pairs as rows, quota by quota. Half of the pairs that count are inverted, and half of the canaries.

    If the number of canaries of a quota is odd, a keyed coin decides which half is the larger.

    Args:
        key: the release key, or the public one of a set without a release key (and without canaries).
        alike: pictures whose perceptual hashes are at most this many bits apart are recorded as near-identical; `None`
            if the spec computes no hashes.
    """
    for quota in drawn:
        odd = keyed.digest(key, "odd canary", quota.where)[0] & 1
        inverted = _half(quota.pairs, key) | _half(quota.canaries, key, odd)
        for canary, pairs in ((False, quota.pairs), (True, quota.canaries)):
            for pair in pairs:
                yield _row(pair, pair.identity in inverted, canary, key, alike)


def rank(key: bytes, row: LabelledPair) -> bytes:
    """Return the sort key of a row within its subset."""
    return keyed.digest(key, "row", row[0].pair_id)


def _half(pairs: Sequence[UnorderedPair], key: bytes, more: int = 0) -> set[tuple[str, int, int]]:
    """Return the identities of half of the pairs by keyed rank; of an odd number, `more` (0 or 1) rounds up."""
    ranked = sorted(pairs, key=lambda pair: keyed.digest(key, "invert", *pair.identity))
    return {pair.identity for pair in ranked[: (len(ranked) + more) // 2]}


def _row(pair: UnorderedPair, inverted: bool, canary: bool, key: bytes, alike: int | None) -> LabelledPair:
    article, pictures = pair.source.article, pair.source.pictures
    shown = (pair.later, pair.earlier) if inverted else (pair.earlier, pair.later)
    first, second = (_step(article.steps[place].headline, pictures[place].name) for place in shown)
    pair_id = release.pair_id(key, pair.article_id, first, second, canary)
    methods = {article.steps[place].method for place in shown}
    strata = {**article.strata, "method": "same" if len(methods) == 1 else "cross"}
    if alike is not None:
        one, other = (pictures[place].perceptual_hash for place in shown)
        strata["pictures"] = "near-identical" if (one ^ other).bit_count() <= alike else "distinct"
    question = StepPair(pair_id, article.category, article.title, first, second)
    return question, GroundTruth(pair_id, int(not inverted), pair.article_id, shown, _strata(*strata.items()))


@lru_cache(CACHED)
def _step(headline: str, picture: str) -> Step:
    return Step(headline, picture)


@lru_cache(CACHED)
def _strata(*facts: tuple[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(facts))
