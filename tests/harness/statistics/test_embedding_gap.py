"""The modality gap as geometry, against published values, by hand and by simulation."""

from __future__ import annotations

import json
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from harness.contract.result import CorrectedGap, ImageAndText
from harness.errors import SubmissionError
from harness.records import Step, StepPair
from harness.statistics import intervals
from harness.statistics.embedding_gap import Embeddings, principal_components, uniformity

REFERENCE = Path(os.environ.get("WIKIORDER_REFERENCE", Path(__file__).parents[4] / "shared/reference"))
KEY = b"a test's own key"


def pair(name: str, first: str, second: str, category: str = "Travel") -> StepPair:
    return StepPair(name, category, "Go", Step("a", first), Step("b", second))


def paired(images: np.ndarray, texts: np.ndarray, sampled: int = 0, articles: int = 0) -> Embeddings:
    """One pair for each image and text: both of its steps show that image, which is therefore counted once."""
    pairs = [pair(str(n), f"{n}.jpg", f"{n}.jpg") for n in range(len(texts))]
    found = Embeddings(frozenset(str(n) for n in range(sampled)))
    found.add(pairs, [str(n % (articles or len(texts))) for n in range(len(texts))], images, images, texts)
    return found


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="needs the vectors in ../shared/reference; .ci/run has them")
@pytest.mark.parametrize("name", ["features_clip.npy", "features_clip_random.npy"])
def test_published_embeddings_give_the_published_distances(name: str) -> None:
    """500 pairs of Liang et al. 2022, and the figures recomputed from them, to all digits given."""
    published = json.loads((REFERENCE / "gap_reference.json").read_text())["recomputed_here_500_pairs"]
    wanted = published[f"Figure_1_Modality_Gap/{name}"]
    images, texts = np.load(REFERENCE / name)
    found = paired(images, texts).finish(KEY).all
    assert found.gap == pytest.approx(wanted["L2M"], abs=1e-6)
    assert found.paired_distance == pytest.approx(wanted["L2I"], abs=1e-6)
    assert found.rmg == pytest.approx(wanted["RMG_two_effects_code"], abs=1e-6)
    assert round(found.centroid_norms.image, 4) == wanted["norm_mu_img"]
    assert round(found.centroid_norms.text, 4) == wanted["norm_mu_txt"]
    assert round(found.centroid_cosine, 4) == wanted["cos_mu"]
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images.astype(float), texts.astype(float))]
    _, explained = principal_components(np.concatenate(unit))
    assert explained == pytest.approx(wanted["centred_pca_evr2"], abs=1e-5)


def test_the_gap_worked_out_by_hand() -> None:
    """Pictures along the first axis, texts along the second: centroids sqrt(2) apart, whatever the lengths."""
    images, texts = np.array([[2.0, 0.0], [1.0, 0.0]] * 4), np.array([[0.0, 3.0], [0.0, 1.0]] * 4)
    found = paired(images, texts).finish(KEY).all
    assert found.gap == found.paired_distance == 1.414214
    assert found.gap_corrected == CorrectedGap(value=1.414214, low=1.414214, high=1.414214)
    assert (found.alignment, found.centroid_cosine) == (2.0, 0.0)
    assert found.rmg == 1.0
    assert found.mean_cosine_within == ImageAndText(image=1.0, text=1.0)


def test_at_768_dimensions_each_figure_is_what_its_definition_gives() -> None:
    """Every vector and every pair of vectors by itself, and the resamples of all dimensions at once."""
    random, articles, each = np.random.default_rng(5), 40, 6
    centres = random.normal(size=(2, 768))
    images, texts = (centre + random.normal(size=(articles * each, 768)) for centre in centres)
    found = paired(images, texts, articles=articles).finish(KEY).all
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, texts))
    apart = x.mean(0) - y.mean(0)
    assert found.gap == pytest.approx(np.sqrt((apart**2).sum()), abs=1e-6)
    across = np.mean([1 - a @ b for a, b in zip(x, y, strict=True)])
    within = np.mean([np.mean([1 - a @ b for a, b in combinations(v, 2)]) for v in (x, y)])
    assert found.rmg == pytest.approx(across / (across + within), abs=1e-6)
    owner = np.arange(articles * each) % articles
    own = np.array([((x - x.mean(0)) - (y - y.mean(0)))[owner == n].sum(0) for n in range(articles)]) / len(x)
    variance = articles / (articles - 1) * (own**2).sum()
    assert found.gap_corrected.value == pytest.approx(np.sqrt((apart**2).sum() - variance), abs=1e-6)
    weights = intervals.resample(articles, KEY, "embeddings", "", resamples=2_000).astype(float)
    # articles are taken in the order of their names
    named = [str(n) for n in sorted(range(articles), key=str)]
    sums = np.array([(x - y)[owner == int(name)].sum(0) for name in named])
    squares = ((weights @ sums / (weights.sum(1) * each)[:, None]) ** 2).sum(1)
    low, high = np.sqrt(np.quantile(squares, [0.025, 0.975]) - 2 * variance)
    assert (found.gap_corrected.low, found.gap_corrected.high) == pytest.approx((low, high), abs=1e-5)


def test_a_picture_counts_once_in_its_article() -> None:
    """Steps a, b, c asked as a-b and a-c: three pictures. Counted per pair, a would weigh double."""
    found = Embeddings(frozenset())
    a, b, c = np.eye(3)
    found.add(
        [pair("p", "a", "b"), pair("q", "a", "c")], ["t", "t"], np.array([a, a]), np.array([b, c]), np.array([a, b])
    )
    assert found.articles["t"].images == 3
    assert found.articles["t"].image.tolist() == [1, 1, 1]
    assert found.finish(KEY).all.centroid_norms.image == round(3**-0.5, 6)


def test_shards_merge_to_the_whole() -> None:
    rng = np.random.default_rng(6)
    images, texts = rng.normal(size=(40, 8)), rng.normal(size=(40, 8))
    pairs = [pair(str(n), f"{n}", f"{n}b", "Travel" if n < 20 else "Health") for n in range(40)]
    articles = [str(n // 4) for n in range(40)]
    whole, one, other = (Embeddings(frozenset(str(n) for n in range(40))) for _ in range(3))
    whole.add(pairs, articles, images, images[::-1], texts)
    one.add(pairs[:16], articles[:16], images[:16], images[::-1][:16], texts[:16])
    other.add(pairs[16:], articles[16:], images[16:], images[::-1][16:], texts[16:])
    other.merge(one)
    assert other.finish(KEY) == whole.finish(KEY)
    with pytest.raises(ValueError, match="is in both shards"):
        whole.merge(one)


def test_sampling_alone_makes_no_corrected_gap_and_its_interval_holds_the_truth() -> None:
    """Pictures and texts about centres 0.5 apart in 64 dimensions, articles with shifts of their own."""
    rng = np.random.default_rng(12)

    def centres(image: np.ndarray, text: np.ndarray) -> None:
        image[:, 0] += 1.0
        text[:, 0] += 0.8
        text[:, 1] += 0.6

    many = rng.normal(scale=np.hypot(0.1, 0.2), size=(2, 200_000, 64))
    centres(*many)
    many /= np.linalg.norm(many, axis=2, keepdims=True)
    true = float(np.linalg.norm(many[0].mean(0) - many[1].mean(0)))
    held, raw, corrected = 0, [], []
    for _ in range(100):
        shift = np.tile(rng.normal(scale=0.1, size=(2, 40, 64)), (1, 5, 1))
        images, texts = rng.normal(scale=0.2, size=(2, 200, 64)) + shift
        centres(images, texts)
        found = paired(images, texts, articles=40).finish(KEY).all
        raw.append(found.gap)
        corrected.append(found.gap_corrected.value)
        held += found.gap_corrected.low <= true <= found.gap_corrected.high
    assert np.mean(raw) > true + 0.005
    assert np.mean(corrected) == pytest.approx(true, abs=0.003)
    assert 0.89 < held / 100 < 0.99


def test_separable_kinds_are_separated_on_unseen_articles() -> None:
    rng = np.random.default_rng(3)
    images, texts = rng.normal(size=(60, 8)), rng.normal(size=(60, 8))
    mixed = paired(images, texts, sampled=60, articles=12).finish(KEY).all
    assert 0.3 < mixed.separability < 0.7
    texts[:, 0] += 20
    apart = paired(images, texts, sampled=60, articles=12).finish(KEY).all
    assert apart.separability > 0.95
    assert apart.uniformity.text > apart.uniformity.image


def test_uniformity_worked_out_by_hand() -> None:
    """Two opposite vectors: squared distance 4, so log exp(-8)."""
    assert uniformity(np.array([[1.0, 0.0], [-1.0, 0.0]])) == -8.0


def test_a_vector_without_direction_is_the_submissions_fault() -> None:
    with pytest.raises(SubmissionError, match="0: an embedding has length 0"):
        paired(np.zeros((1, 4)), np.ones((1, 4)))


def test_principal_components_have_the_same_sign_everywhere() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(30, 5)) * [5, 3, 1, 1, 1]
    points, explained = principal_components(vectors)
    flipped, _ = principal_components(vectors[::-1])
    assert flipped[::-1] == pytest.approx(points)
    assert explained[0] > explained[1] > 0
