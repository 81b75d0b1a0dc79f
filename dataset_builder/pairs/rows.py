"""Turn pairs into rows of a set: which step is shown first, the ground truth to record, and the order of the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from dataset_builder.pairs.canaries import Edge, place, recorded_positions
from dataset_builder.pairs.pairing import DrawnPairs, UnorderedPair
from harness import keyed
from harness.contract import release
from harness.records import GroundTruth, Step, StepPair

LabelledPair = tuple[StepPair, GroundTruth]
CACHED = 1024  # steps and strata: the rows of one article come together and share them


def label_pairs(drawn: Iterable[DrawnPairs], key: bytes, alike: int | None = None) -> Iterator[LabelledPair]:
    """Yield all pairs as rows, quota by quota; of every quota's pairs that count, exactly half are inverted.

    Args:
        key: the release key, or the public one of a set without a release key (and without canaries).
        alike: pictures whose perceptual hashes are at most this many bits apart are recorded as near-identical; `None`
            if the spec computes no hashes.
    """
    for quota in drawn:
        by_article: dict[str, list[UnorderedPair]] = defaultdict(list)
        for pair in quota.pairs:
            by_article[pair.article_id].append(pair)
        edges = {name: [pair.edge for pair in pairs] for name, pairs in by_article.items()}
        canaries = place(edges, quota.canaries, key, quota.where)
        counted = [pair for pair in quota.pairs if pair.edge not in canaries.get(pair.article_id, ())]
        counted.sort(key=lambda pair: keyed.digest(key, "invert", *pair.identity))
        inverted = {pair.identity for pair in counted[: len(counted) // 2]}
        for name, pairs in by_article.items():
            yield from _article_rows(pairs, canaries.get(name, set()), inverted, key, alike)


def rank(key: bytes, row: LabelledPair) -> bytes:
    """Return the sort key of a row within its subset."""
    return keyed.digest(key, "row", row[0].pair_id)


def _article_rows(
    pairs: Sequence[UnorderedPair],
    canaries: set[Edge],
    inverted: set[tuple[str, int, int]],
    key: bytes,
    alike: int | None,
) -> list[LabelledPair]:
    """Return one article's rows. A canary's shown order and its label are two coins, so that skill cannot affect it."""
    asked: dict[Edge, tuple[Edge, int]] = {}  # positions as shown, and the label to record
    for pair in pairs:
        if pair.edge in canaries:
            asked[pair.edge] = _turned(pair.edge, _coin(key, "canary order", pair)), _coin(key, "canary label", pair)
        else:
            turned = pair.identity in inverted
            asked[pair.edge] = _turned(pair.edge, turned), int(not turned)
    before = [_turned(shown, not label) for shown, label in asked.values()]
    positions = recorded_positions(len(pairs[0].source.article.steps), before)
    return [_row(pair, *asked[pair.edge], positions, pair.edge in canaries, key, alike) for pair in pairs]


def _turned(edge: Edge, turn: bool | int) -> Edge:
    return (edge[1], edge[0]) if turn else edge


def _coin(key: bytes, purpose: str, pair: UnorderedPair) -> int:
    return keyed.digest(key, purpose, *pair.identity)[0] & 1


def _row(
    pair: UnorderedPair,
    shown: Edge,
    label: int,
    positions: Sequence[int],
    canary: bool,
    key: bytes,
    alike: int | None,
) -> LabelledPair:
    article, pictures = pair.source.article, pair.source.pictures
    first, second = (_step(article.steps[place].headline, pictures[place].name) for place in shown)
    pair_id = release.pair_id(key, pair.article_id, first, second, canary)
    methods = {article.steps[place].method for place in shown}
    strata = {**article.strata, "method": "same" if len(methods) == 1 else "cross"}
    if alike is not None:
        one, other = (pictures[place].perceptual_hash for place in shown)
        strata["pictures"] = "near-identical" if (one ^ other).bit_count() <= alike else "distinct"
    recorded = positions[shown[0]], positions[shown[1]]
    question = StepPair(pair_id, article.category, article.title, first, second)
    return question, GroundTruth(pair_id, label, pair.article_id, recorded, _strata(*strata.items()))


@lru_cache(CACHED)
def _step(headline: str, picture: str) -> Step:
    return Step(headline, picture)


@lru_cache(CACHED)
def _strata(*facts: tuple[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(facts))
