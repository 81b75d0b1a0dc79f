"""The split: whole duplicate groups of articles go to train, validation or test, by the rank of a keyed hash."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dataset_builder.articles.article import IllustratedArticle
from dataset_builder.spec import Spec
from harness import keyed
from harness.contract.frozen_set import SUBSETS

QuotaKey = tuple[str, str]  # category, and the value of the balanced stratum ("" without one): each has a pair quota
ArticleIds = dict[QuotaKey, list[str]]


def quota_key(one: IllustratedArticle, spec: Spec) -> QuotaKey:
    """Return the quota that the article's pairs count towards."""
    return one.article.category, one.article.strata.get(spec.pairs.balance, "")


def split(articles: Iterable[IllustratedArticle], groups: Mapping[str, str], spec: Spec) -> dict[str, ArticleIds]:
    """Return, for each subset, the article ids by quota.

    For each quota, the groups are ranked by a keyed hash, and the spec's shares divide that sequence at the middle of
    a group. A group whose articles have several quotas follows the quota of most of its articles.

    Args:
        groups: the duplicate group of every article id.
    """
    members: dict[str, list[tuple[str, QuotaKey]]] = defaultdict(list)
    for article_id, key in sorted((one.article_id, quota_key(one, spec)) for one in articles):
        members[groups[article_id]].append((article_id, key))
    lines: dict[QuotaKey, list[str]] = defaultdict(list)
    for group, inside in members.items():
        counts = Counter(key for _, key in inside)
        lines[min(counts, key=lambda key: (-counts[key], key))].append(group)
    subsets: dict[str, ArticleIds] = {subset: defaultdict(list) for subset in SUBSETS}
    for key, line in lines.items():
        ranked = keyed.order(line, spec.key, "split", lambda group: group)
        sizes = [len(members[group]) for group in ranked]
        for group, subset in zip(ranked, cut(sizes, spec.shares(key[0])), strict=True):
            for article_id, own in members[group]:
                subsets[subset][own].append(article_id)
    return {name: {key: ids[key] for key in sorted(ids)} for name, ids in subsets.items()}


def cut(sizes: Sequence[int], shares: Mapping[str, float]) -> list[str]:
    """Return the subset of each item of a sequence.

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
        subsets.append(name)  # the last subset where rounding leaves `end` just under 1
        before += size
    return subsets
