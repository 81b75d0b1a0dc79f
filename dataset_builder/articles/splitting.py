"""The split: whole groups of articles go to train, validation or test, by the rank of a keyed hash."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dataset_builder.articles.filters import Illustrated
from dataset_builder.spec import Spec
from harness import keyed
from harness.contract.frozen_set import SUBSETS

Cell = tuple[str, str]  # category, and the value of the balanced stratum
Cells = dict[Cell, list[str]]  # the ids of its articles


def cell(one: Illustrated, spec: Spec) -> Cell:
    """Where the article's pairs are counted."""
    return one.article.category, one.article.strata.get(spec.pairs.balance, "")


def split(articles: Iterable[Illustrated], groups: Mapping[str, str], spec: Spec) -> dict[str, Cells]:
    """For each subset, the articles of each cell, by id. groups: the group of every article id.

    Within a cell the groups stand in keyed order, and the cell's shares cut that line where the middle of a group lies.
    A group that spans cells goes with the cell where most of its articles are.
    """
    members: dict[str, list[tuple[str, Cell]]] = defaultdict(list)
    for article_id, home in sorted((one.article.article_id, cell(one, spec)) for one in articles):
        members[groups[article_id]].append((article_id, home))
    lines: dict[Cell, list[str]] = defaultdict(list)
    for group, inside in members.items():
        counts = Counter(home for _, home in inside)
        lines[min(counts, key=lambda home: (-counts[home], home))].append(group)
    subsets: dict[str, Cells] = {subset: defaultdict(list) for subset in SUBSETS}
    for home, line in lines.items():
        ranked = keyed.order(line, spec.key, "split", lambda group: group)
        sizes = [len(members[group]) for group in ranked]
        for group, subset in zip(ranked, cut(sizes, spec.shares(home[0])), strict=True):
            for article_id, own in members[group]:
                subsets[subset][own].append(article_id)
    return {name: {home: cells[home] for home in sorted(cells)} for name, cells in subsets.items()}


def cut(sizes: Sequence[int], shares: Mapping[str, float]) -> list[str]:
    """The subset of each item of a line.

    shares {"train": 0.5, "test": 0.5} of sizes [1, 1, 2] give train, train, test.
    """
    total, before, subsets = sum(sizes), 0, []
    names = [name for name, share in shares.items() if share > 0]
    for size in sizes:
        middle, end = (before + size / 2) / total, 0.0
        for name in names:
            end += shares[name]
            if middle < end:
                break
        subsets.append(name)  # the last one where rounding leaves `end` just under 1
        before += size
    return subsets
