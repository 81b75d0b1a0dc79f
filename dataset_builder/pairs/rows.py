"""Pairs become rows: which step is asked first, what is recorded of it, and in which order the rows stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from dataset_builder.pairs.canaries import Edge, place, recorded_positions
from dataset_builder.pairs.pairing import Chosen, Pair
from harness import keyed
from harness.contract import release
from harness.records import GroundTruth, Step, StepPair

Row = tuple[StepPair, GroundTruth]
SHARED = 1024  # steps and strata at hand: an article's rows, which come together, hold the same ones


def ask(chosen: Iterable[Chosen], key: bytes, alike: int | None = None) -> Iterator[Row]:
    """All pairs as rows, cell by cell; of every cell's pairs that count, exactly half are inverted.

    key: the release key, or the public one of a set that has none (and no canaries). alike: pictures whose perceptual
    hashes are at most so many bits apart are recorded as near-identical; None where a spec has none taken.
    """
    for cell in chosen:
        by_article: dict[str, list[Pair]] = defaultdict(list)
        for pair in cell.pairs:
            by_article[pair.article_id].append(pair)
        edges = {name: [pair.edge for pair in pairs] for name, pairs in by_article.items()}
        canaries = place(edges, cell.canaries, key, cell.where)
        counted = [pair for pair in cell.pairs if pair.edge not in canaries.get(pair.article_id, ())]
        counted.sort(key=lambda pair: keyed.digest(key, "invert", *pair.identity))
        inverted = {pair.identity for pair in counted[: len(counted) // 2]}
        for name, pairs in by_article.items():
            yield from _article_rows(pairs, canaries.get(name, set()), inverted, key, alike)


def rank(key: bytes, row: Row) -> bytes:
    """Where a row stands in its subset: they are in the order of this."""
    return keyed.digest(key, "row", row[0].pair_id)


def _article_rows(
    pairs: Sequence[Pair], canaries: set[Edge], inverted: set[tuple[str, int, int]], key: bytes, alike: int | None
) -> list[Row]:
    """One article's rows. A canary's order of asking and its label are two coins, so that no skill shows in it."""
    asked: dict[Edge, tuple[Edge, int]] = {}  # the pair as asked, and the label to record
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


def _coin(key: bytes, purpose: str, pair: Pair) -> int:
    return keyed.digest(key, purpose, *pair.identity)[0] & 1


def _row(
    pair: Pair, shown: Edge, label: int, positions: Sequence[int], canary: bool, key: bytes, alike: int | None
) -> Row:
    source = pair.source
    first, second = (_step(source.article.steps[place].headline, source.pictures[place].name) for place in shown)
    pair_id = release.pair_id(key, pair.article_id, first, second, canary)
    methods = {source.article.steps[place].method for place in shown}
    strata = {**source.article.strata, "method": "same" if len(methods) == 1 else "cross"}
    if alike is not None:
        one, other = (source.pictures[place].look for place in shown)
        strata["pictures"] = "near-identical" if (one ^ other).bit_count() <= alike else "distinct"
    recorded = positions[shown[0]], positions[shown[1]]
    question = StepPair(pair_id, source.article.category, source.article.title, first, second)
    return question, GroundTruth(pair_id, label, pair.article_id, recorded, _strata(*strata.items()))


@lru_cache(SHARED)
def _step(headline: str, picture: str) -> Step:
    return Step(headline, picture)


@lru_cache(SHARED)
def _strata(*facts: tuple[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(facts))
