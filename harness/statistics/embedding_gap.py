"""The modality gap as geometry: how far apart a model keeps its picture vectors and its text vectors.

Eq. 5 (Liang et al. 2022): the distance between the centroids of the two kinds of vectors, each scaled to unit length.
x: the pictures, each once per article; y: the text of each asked pair. Everything but the sample comes from sums, so
memory grows with the articles, not with the pairs, and shards of articles merge exactly.

    gap               |mean x - mean y|; between 0 and 2. Never compared across models: it depends on their spaces
    gap_corrected     with the finite-sample bias taken off: sampling alone moves two centroids apart, by the clustered
                      variance V of their difference: sqrt(gap^2 - V). Its interval is from article resamples, whose
                      squares carry V twice
    paired_distance   mean |x - y| of a pair's pictures and its text
    rmg               relative modality gap: mean 1 - cos of pairs, over itself plus the mean 1 - cos within a modality
                      (Schrodi et al. 2025, "Two effects, one trigger", as their code has it)
    alignment         mean |x - y|^2 of pairs (Wang and Isola 2020); uniformity: log mean exp(-2 |x - x'|^2), sample
    separability      accuracy of a linear classifier of the two kinds on articles it has not seen; sample
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import SubmissionError
from harness.records import StepPair
from harness.statistics import intervals
from harness.statistics.intervals import Floats
from harness.statistics.tally import rounded

Vectors = NDArray[np.float32]
SAMPLE_PAIRS = 500  # kept whole for pictures and what no sum can tell; 500 x 3 x 768 numbers are 4.6 MB
RESAMPLES = 2_000  # ten thousand would take five times as long for the fourth digit of an end


@dataclass
class ArticleSums:
    """Unit vectors of one article, summed: float64 (dimension,); and of its pairs, cosine and distance."""

    category: str
    image: Floats
    text: Floats
    images: int = 0
    texts: int = 0
    cosine: float = 0.0
    distance: float = 0.0
    seen: set[str] = field(default_factory=set)


@dataclass
class Embeddings:
    """What is kept of a predictor's vectors. sampled: the pair ids whose vectors are kept whole."""

    sampled: frozenset[str]
    articles: dict[str, ArticleSums] = field(default_factory=dict)
    sample: dict[str, tuple[str, str, NDArray[np.float16]]] = field(default_factory=dict)

    def add(
        self, pairs: Sequence[StepPair], articles: Sequence[str], first: Vectors, second: Vectors, text: Vectors
    ) -> None:
        """Take in one batch. first, second, text: (pairs, dimension), of any length but zero."""
        first, second, text = unit(first, pairs), unit(second, pairs), unit(text, pairs)
        cosines = [np.einsum("pd,pd->p", image, text, dtype=np.float64) for image in (first, second)]
        for row, (pair, article) in enumerate(zip(pairs, articles, strict=True)):
            sums = self.articles.get(article)
            if sums is None:
                zero = np.zeros(text.shape[1])
                sums = self.articles[article] = ArticleSums(pair.category, zero, zero.copy())
            sums.text += text[row]
            sums.texts += 1
            for step, image, cosine in ((pair.first, first, cosines[0]), (pair.second, second, cosines[1])):
                sums.cosine += cosine[row] / 2
                sums.distance += np.sqrt(max(0.0, 2 - 2 * cosine[row])) / 2
                if step.image not in sums.seen:
                    sums.seen.add(step.image)
                    sums.image += image[row]
                    sums.images += 1
            if pair.pair_id in self.sampled:
                whole = np.stack([first[row], second[row], text[row]]).astype(np.float16)
                self.sample[pair.pair_id] = (pair.category, article, whole)

    def merge(self, other: Embeddings) -> None:
        """Take in another shard's; no article may be in both."""
        shared = self.articles.keys() & other.articles.keys()
        if shared:
            raise ValueError(f"article {min(shared)} is in both shards; an article's pairs belong in one")
        self.articles |= other.articles
        self.sample |= other.sample

    def finish(self, key: bytes) -> dict[str, Any]:
        """The figures over all and per category, ready for JSON. key: what the bootstrap draws by."""
        groups: dict[str, list[str]] = {}
        for article in sorted(self.articles):
            groups.setdefault(self.articles[article].category, []).append(article)
        everything = [article for group in groups.values() for article in group]
        return {
            "all": self._figures(everything, key, ""),
            "categories": {name: self._figures(groups[name], key, name) for name in sorted(groups)},
        }

    def centroids(self) -> dict[str, tuple[Floats, Floats]]:
        """The mean unit vector of pictures and of texts, by category."""
        groups: dict[str, list[ArticleSums]] = {}
        for article in sorted(self.articles):
            groups.setdefault(self.articles[article].category, []).append(self.articles[article])
        return {
            name: (
                np.sum([s.image for s in groups[name]], axis=0) / sum(s.images for s in groups[name]),
                np.sum([s.text for s in groups[name]], axis=0) / sum(s.texts for s in groups[name]),
            )
            for name in sorted(groups)
        }

    def _figures(self, articles: Sequence[str], key: bytes, category: str) -> dict[str, Any]:
        sums = [self.articles[article] for article in articles]
        kept = {pair: row for pair, row in self.sample.items() if row[1] in set(articles)}
        return summarise(sums, key, category) | of_sample(kept)


def unit(vectors: Vectors, pairs: Sequence[StepPair]) -> Vectors:
    """Scaled to unit length; a vector without a direction is the submission's fault."""
    with np.errstate(invalid="ignore"):  # of a NaN, which is refused below
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)  # squares overflow float32
    bad = ~(np.isfinite(lengths) & (lengths > 0))[:, 0]
    if bad.any():
        pair = pairs[int(np.argmax(bad))]
        raise SubmissionError(f"{pair.pair_id}: an embedding has length {lengths[bad][0, 0]}; wanted finite, not zero")
    return np.asarray(vectors / lengths, dtype=np.float32)


def summarise(sums: Sequence[ArticleSums], key: bytes, category: str) -> dict[str, Any]:
    """What the articles' sums tell."""
    image, text = np.array([s.image for s in sums]), np.array([s.text for s in sums])
    images, texts = np.array([float(s.images) for s in sums]), np.array([float(s.texts) for s in sums])
    x, y = image.sum(0) / images.sum(), text.sum(0) / texts.sum()
    norm_x, norm_y = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    cosine = sum(s.cosine for s in sums) / texts.sum()
    within = [_mean_cosine(norm_x, images.sum()), _mean_cosine(norm_y, texts.sum())]
    apart = None if None in within else 1 - float(np.mean([w for w in within if w is not None]))
    return {
        "gap": rounded(float(np.linalg.norm(x - y))),
        "gap_corrected": _corrected(image, text, images, texts, key, category),
        "centroid_norms": {"image": rounded(norm_x), "text": rounded(norm_y)},
        "centroid_cosine": rounded(float(x @ y) / (norm_x * norm_y)) if norm_x and norm_y else None,
        "mean_cosine_within": {"image": rounded(within[0]), "text": rounded(within[1])},
        "paired_distance": rounded(sum(s.distance for s in sums) / texts.sum()),
        "alignment": rounded(2 - 2 * cosine),
        "rmg": None if apart is None or cosine == apart + 1 else rounded((1 - cosine) / (1 - cosine + apart)),
        "images": int(images.sum()),
        "pairs": int(texts.sum()),
        "articles": len(sums),
    }


def _mean_cosine(norm_of_mean: float, count: float) -> float | None:
    """Of two different vectors of one kind: the square of the sum holds each vector with itself, too."""
    return (norm_of_mean**2 * count - 1) / (count - 1) if count > 1 else None


def _corrected(
    image: Floats, text: Floats, images: Floats, texts: Floats, key: bytes, category: str
) -> dict[str, float | None]:
    """image, text: (articles, dimension) sums; images, texts: (articles,) counts."""
    articles = len(images)
    if articles < 2:
        return {"value": None, "low": None, "high": None}
    x, y = image.sum(0) / images.sum(), text.sum(0) / texts.sum()
    residuals = (image - np.outer(images, x)) / images.sum() - (text - np.outer(texts, y)) / texts.sum()
    variance = articles / (articles - 1) * float((residuals**2).sum())
    value = np.sqrt(max(0.0, float(((x - y) ** 2).sum()) - variance))
    if articles < intervals.MIN_ARTICLES:
        return {"value": rounded(value), "low": None, "high": None}
    weights = intervals.resample(articles, key, "embeddings", category, resamples=RESAMPLES)
    squares = np.zeros(RESAMPLES)
    scale_x, scale_y = (weights @ images)[:, None], (weights @ texts)[:, None]
    for part in range(0, image.shape[1], 64):  # a slice of dimensions at a time keeps memory small
        cut = slice(part, part + 64)
        drawn = (
            weights @ image[:, cut].astype(np.float32) / scale_x - weights @ text[:, cut].astype(np.float32) / scale_y
        )
        squares += (drawn**2).sum(1)
    low, high = np.sqrt(np.maximum(0.0, np.quantile(squares, [0.025, 0.975]) - 2 * variance))
    return {"value": rounded(value), "low": rounded(min(low, value)), "high": rounded(max(high, value))}


def of_sample(sample: Mapping[str, tuple[str, str, NDArray[np.float16]]]) -> dict[str, Any]:
    """What needs the vectors themselves: separability, uniformity."""
    rows = [sample[pair] for pair in sorted(sample)]
    if len({article for _, article, _ in rows}) < intervals.MIN_ARTICLES:
        return {"separability": None, "uniformity": {"image": None, "text": None}}
    vectors = np.stack([whole for _, _, whole in rows]).astype(np.float64)
    images, texts = vectors[:, :2].reshape(-1, vectors.shape[2]), vectors[:, 2]
    articles = [article for _, article, _ in rows]
    return {
        "separability": rounded(separability(images, texts, np.repeat(articles, 2), np.array(articles))),
        "uniformity": {"image": rounded(uniformity(images)), "text": rounded(uniformity(texts))},
    }


def separability(images: Floats, texts: Floats, image_articles: Any, text_articles: Any) -> float:
    """Balanced accuracy, in five folds over articles, of a logistic regression that tells pictures from texts."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score

    vectors = np.concatenate([images, texts])
    kinds = np.repeat([0, 1], [len(images), len(texts)])
    articles = np.concatenate([image_articles, text_articles])
    model = LogisticRegression(max_iter=1000, class_weight="balanced")
    folds = GroupKFold(n_splits=5)
    return float(cross_val_score(model, vectors, kinds, groups=articles, cv=folds, scoring="balanced_accuracy").mean())


def uniformity(vectors: Floats) -> float | None:
    """log mean exp(-2 |a - b|^2) over pairs of different unit vectors, at most 0; lower is more evenly spread."""
    from scipy.spatial.distance import pdist

    distinct = np.unique(vectors, axis=0)
    if len(distinct) < 2:
        return None
    return float(np.log(np.mean(np.exp(-2 * pdist(distinct, "sqeuclidean")))))


def principal_components(vectors: Floats) -> tuple[Floats, Floats]:
    """The first two coordinates of each vector, (vectors, 2), and the share of variance that each of the two explains.

    Signs are fixed: the coordinate with the largest magnitude of each component is positive, on every machine.
    """
    centred = vectors - vectors.mean(0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(1)])[:, None]
    return centred @ axes.T, (singular**2 / (singular**2).sum())[:2]
