"""Canary articles cannot be told from others by anybody who holds all answers, but not the key."""

from __future__ import annotations

import hashlib
from math import sqrt
from pathlib import Path

import pytest

from dataset_builder.articles.article import Article, IllustratedArticle, RawStep, StoredPicture
from dataset_builder.pairs.canaries import CanaryRule
from dataset_builder.pairs.pairing import choose
from dataset_builder.pairs.rows import label_pairs, rank
from harness import keyed
from harness.contract import release
from harness.contract.frozen_set import FrozenSet, Manifest
from harness.records import GroundTruth
from tests.dataset_builder.crawls import spec
from tests.dataset_builder.pairs import guessing
from tests.dataset_builder.pairs.coin_canaries import place, recorded_positions

KEYS = [hashlib.sha256(bytes([number])).digest() for number in range(16)]
STEPS = 8
ARTICLES = 100
PAIRS, CANARIES = 1_840, 240
SIGMAS = 4.0
RULES = "[duplicates]\ntitles = false\nsimilar = false\nmax_share = 1\n[split]\ntest = 1\n"
SPEC = spec(RULES, f'"Cooking" = {{ train = 0, validation = 0, test = {PAIRS} }}')


def articles() -> list[IllustratedArticle]:
    """Articles of two methods; every tenth shows four pictures of the next. Hashes stand in for pictures."""
    found = []
    for number in range(ARTICLES):
        owners = [number + 1 if number % 10 == 0 and place < 4 else number for place in range(STEPS)]
        names = [
            f"images/{hashlib.sha256(f'{owner} {place}'.encode()).hexdigest()}" for place, owner in enumerate(owners)
        ]
        steps = tuple(
            RawStep(f"Do thing {place} of {number}", name, int(place >= 4)) for place, name in enumerate(names)
        )
        one = Article(f"a{number}", f"How to Finish {number}", "Cooking", steps)
        found.append(IllustratedArticle(one, tuple(StoredPicture(name, 40, 40) for name in names)))
    return found


def hidden_set(key: bytes) -> FrozenSet:
    """Return a hidden set in memory, as a build freezes it."""
    groups = {f"a{number}": f"a{number - number % 10 if number % 10 < 2 else number}" for number in range(ARTICLES)}
    drawn = choose({("Cooking", ""): articles()}, SPEC, "test", CanaryRule(CANARIES, key, groups))
    rows = sorted(label_pairs(drawn, key), key=lambda row: rank(key, row))
    details = {"release_key": release.fingerprint(key), "canary_articles": 0}
    manifest = Manifest("guessing", "1", "test", "hidden", {"Cooking": PAIRS}, details)
    return FrozenSet(Path(), "0" * 64, manifest, tuple(pair for pair, _ in rows), tuple(truth for _, truth in rows))


@pytest.fixture(scope="module")
def sets() -> list[FrozenSet]:
    """One crawl under several keys."""
    return [hidden_set(key) for key in KEYS]


def secret_articles(frozen: FrozenSet, key: bytes) -> set[str]:
    return {truth.article_id for truth in release.canaries(frozen, key).values()}


def test_no_guesser_finds_canary_articles_better_than_chance(sets: list[FrozenSet]) -> None:
    """AUC over all keys of one crawl, against its standard error under chance (Mann and Whitney 1947)."""
    found: dict[str, list[float]] = {}
    variance = 0.0
    for frozen, key in zip(sets, KEYS, strict=True):
        secret = secret_articles(frozen, key)
        names = sorted(guessing.by_article(frozen))
        many, few = len(names) - len(secret), len(secret)
        variance += (len(names) + 1) / (12 * many * few) / len(KEYS) ** 2
        for name, scores in guessing.article_scores(frozen, SPEC.key, STEPS).items():
            found.setdefault(name, []).append(guessing.auc(scores, names, secret))
    for name, areas in found.items():
        area = sum(areas) / len(areas)
        assert abs(area - 0.5) <= SIGMAS * sqrt(variance), f"{name}: {area:.3f}"


def test_contradictions_and_the_public_draw_show_nothing_at_all(sets: list[FrozenSet]) -> None:
    for frozen in sets:
        scores = guessing.article_scores(frozen, SPEC.key, STEPS)
        for name in ("contradictions", "public draw", "scattered methods", "duplicates"):
            assert not any(scores[name].values()), name


def test_no_pair_is_provably_safe(sets: list[FrozenSet]) -> None:
    """Pairs that a chain of others joins are canaries as often as their share, over all keys."""
    safe = canaries = joined = total = 0
    for frozen, key in zip(sets, KEYS, strict=True):
        marked = release.canaries(frozen, key)
        chained = guessing.provably_safe(frozen)
        joined += len(chained)
        total += len(frozen.questions)
        canaries += len(marked)
        safe += len(chained & marked.keys())
    share = canaries / total
    assert abs(safe / joined - share) <= SIGMAS * sqrt(share * (1 - share) / (len(KEYS) * ARTICLES))


def coin_set(frozen: FrozenSet, key: bytes, count: int) -> tuple[FrozenSet, set[str]]:
    """Record the pairs of a set by the rule of earlier releases; return it, and the ids of its canaries."""
    rows = guessing.by_article(frozen)
    edges = {name: guessing.edges_of(held) for name, held in rows.items()}
    placed = place(edges, count, key)
    truths: dict[str, GroundTruth] = {}
    for name, held in rows.items():
        before = []
        for edge in edges[name]:
            coin = edge in placed.get(name, ()) and keyed.digest(key, "coin", name, *edge)[0] & 1
            before.append(edge[::-1] if coin else edge)
        positions = recorded_positions(STEPS, before)
        for pair, truth in held:
            one, other = (positions[spot] for spot in truth.positions)
            truths[pair.pair_id] = GroundTruth(pair.pair_id, int(one < other), name, (one, other), truth.strata)
    secret = {
        pair.pair_id
        for name, held in rows.items()
        for edge, (pair, _) in zip(edges[name], held, strict=True)
        if edge in placed.get(name, ())
    }
    recorded = tuple(truths[pair.pair_id] for pair in frozen.questions)
    return FrozenSet(frozen.root, frozen.digest, frozen.manifest, frozen.questions, recorded), secret


def test_the_rule_of_earlier_releases_left_most_pairs_provably_safe(sets: list[FrozenSet]) -> None:
    frozen, secret = coin_set(sets[0], KEYS[0], 80)
    safe = guessing.provably_safe(frozen)
    assert len(safe) > 0.6 * len(frozen.questions)
    assert len(safe & secret) <= 0.01 * len(secret)


def test_the_rule_of_earlier_releases_did_not_fit_the_public_draw(sets: list[FrozenSet]) -> None:
    frozen, secret = coin_set(sets[0], KEYS[0], 80)
    scores = guessing.article_scores(frozen, SPEC.key, STEPS)["public draw"]
    marked = {truth.article_id for truth in frozen.truths if truth.pair_id in secret}
    told = {name for name, score in scores.items() if score}
    assert told
    assert told <= marked
