"""The modality gap as geometry: the distance between the picture vectors and the text vectors of a model.

Eq. 5 (Liang et al. 2022): the distance between the centroids of the two kinds of vectors, each scaled to unit length.
x: the pictures, each once per article; y: the text of each asked pair. All figures except those marked "sample" come
from sums per article, so memory grows with the articles, not with the pairs, and shards of articles merge exactly.

    gap               |mean x - mean y|; between 0 and 2. Never compared across models: it depends on their spaces
    gap_corrected     without the finite-sample bias: sampling alone moves two centroids apart, by the clustered
                      variance V of their difference, so sqrt(gap^2 - V). Its interval is from resamples of articles,
                      whose squared gaps contain V twice
    paired_distance   mean |x - y| of a pair's pictures and its text
    rmg               relative modality gap: mean 1 - cos of pairs, over itself plus the mean 1 - cos within a modality
                      (Schrodi et al. 2025, "Two effects, one trigger", as in their code)
    alignment         mean |x - y|^2 of pairs (Wang and Isola 2020); uniformity: log mean exp(-2 |x - x'|^2), sample
    separability      accuracy of a linear classifier of the two kinds on unseen articles; sample
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.contract.result import CorrectedGap, EmbeddingGap, GapFigures, ImageAndText
from harness.errors import SubmissionError
from harness.records import StepPair
from harness.statistics import intervals
from harness.statistics.intervals import Floats
from harness.statistics.tally import rounded

Vectors: TypeAlias = NDArray[np.float32]
SAMPLE_PAIRS = 500  # whose vectors are kept for scatter plots, separability and uniformity; 500 x 3 x 768: 4.6 MB
RESAMPLES = 2_000  # 10,000 take five times as long and change the fourth digit of an end
DIMENSIONS = 64  # resampled at once, to bound memory


@dataclass
class ArticleSums:
    """Sums over one article: its unit vectors, float64 (dimension,), and the cosines and distances of its pairs."""

    category: str
    image: Floats
    text: Floats
    images: int = 0
    texts: int = 0
    cosine: float = 0.0
    distance: float = 0.0
    seen: set[str] = field(default_factory=set)


class SampledPair(NamedTuple):
    """A pair whose vectors are kept. vectors: (3, dimension), of the first picture, the second and the text."""

    category: str
    article: str
    vectors: NDArray[np.float16]


@dataclass
class Embeddings:
    """The vectors of a predictor, summed per article. sampled: the ids of the pairs whose vectors are kept."""

    sampled: frozenset[str]
    articles: dict[str, ArticleSums] = field(default_factory=dict)
    sample: dict[str, SampledPair] = field(default_factory=dict)

    def add(
        self, pairs: Sequence[StepPair], articles: Sequence[str], first: Vectors, second: Vectors, text: Vectors
    ) -> None:
        """Add one batch. first, second, text: (pairs, dimension), vectors of any length above zero."""
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
                self.sample[pair.pair_id] = SampledPair(pair.category, article, whole)

    def merge(self, other: Embeddings) -> None:
        """Add the vectors of another shard.

        Raises:
            ValueError: an article is in both.
        """
        shared = self.articles.keys() & other.articles.keys()
        if shared:
            raise ValueError(f"article {min(shared)} is in both shards; an article's pairs belong in one")
        self.articles |= other.articles
        self.sample |= other.sample

    def finish(self, key: bytes) -> EmbeddingGap:
        """Return the figures over all articles and per category. key: the key from which resamples are drawn."""
        groups: dict[str, list[str]] = {}
        for article in sorted(self.articles):
            groups.setdefault(self.articles[article].category, []).append(article)
        everything = [article for group in groups.values() for article in group]
        return EmbeddingGap(
            all=self._figures(everything, key, ""),
            categories={name: self._figures(groups[name], key, name) for name in sorted(groups)},
        )

    def centroids(self) -> dict[str, tuple[Floats, Floats]]:
        """Return the mean unit vector of pictures and of texts, by category."""
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

    def _figures(self, articles: Sequence[str], key: bytes, category: str) -> GapFigures:
        sums = [self.articles[article] for article in articles]
        chosen = set(articles)
        kept = {pair_id: row for pair_id, row in self.sample.items() if row.article in chosen}
        return summarise(sums, key, category, *of_sample(kept))


def unit(vectors: Vectors, pairs: Sequence[StepPair]) -> Vectors:
    """Return the vectors scaled to unit length.

    Raises:
        SubmissionError: a vector is zero or not finite, so it has no direction.
    """
    with np.errstate(invalid="ignore"):  # of a NaN, which is refused below
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)  # squares overflow float32
    bad = ~(np.isfinite(lengths) & (lengths > 0))[:, 0]
    if bad.any():
        pair = pairs[int(np.argmax(bad))]
        raise SubmissionError(f"{pair.pair_id}: an embedding has length {lengths[bad][0, 0]}; wanted finite, not zero")
    return np.asarray(vectors / lengths, dtype=np.float32)


def summarise(
    sums: Sequence[ArticleSums], key: bytes, category: str, separable: float | None, uniform: ImageAndText
) -> GapFigures:
    """Return the figures of one group of articles. separable, uniform: from the sampled vectors (`of_sample`)."""
    image, text = np.array([s.image for s in sums]), np.array([s.text for s in sums])
    images, texts = np.array([float(s.images) for s in sums]), np.array([float(s.texts) for s in sums])
    x, y = image.sum(0) / images.sum(), text.sum(0) / texts.sum()
    norm_x, norm_y = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    cosine = sum(s.cosine for s in sums) / texts.sum()
    within = [_mean_cosine(norm_x, images.sum()), _mean_cosine(norm_y, texts.sum())]
    apart = None if None in within else 1 - float(np.mean([w for w in within if w is not None]))
    return GapFigures(
        gap=rounded(float(np.linalg.norm(x - y))),
        gap_corrected=_corrected(image, text, images, texts, key, category),
        centroid_norms=ImageAndText(image=rounded(norm_x), text=rounded(norm_y)),
        centroid_cosine=rounded(float(x @ y) / (norm_x * norm_y)) if norm_x and norm_y else None,
        mean_cosine_within=ImageAndText(image=rounded(within[0]), text=rounded(within[1])),
        paired_distance=rounded(float(sum(s.distance for s in sums) / texts.sum())),
        alignment=rounded(float(2 - 2 * cosine)),
        rmg=None if apart is None or cosine == apart + 1 else rounded(float((1 - cosine) / (1 - cosine + apart))),
        images=int(images.sum()),
        pairs=int(texts.sum()),
        articles=len(sums),
        separability=separable,
        uniformity=uniform,
    )


def _mean_cosine(norm_of_mean: float, count: float) -> float | None:
    """Return the mean cosine of two different vectors of one kind; the squared sum minus each vector with itself."""
    return (norm_of_mean**2 * count - 1) / (count - 1) if count > 1 else None


def _corrected(image: Floats, text: Floats, images: Floats, texts: Floats, key: bytes, category: str) -> CorrectedGap:
    """Return the gap without its bias. image, text: sums, (articles, dimension); images, texts: counts, (articles,)."""
    articles = len(images)
    if articles < 2:
        return CorrectedGap(value=None, low=None, high=None)
    x, y = image.sum(0) / images.sum(), text.sum(0) / texts.sum()
    residuals = (image - np.outer(images, x)) / images.sum() - (text - np.outer(texts, y)) / texts.sum()
    variance = articles / (articles - 1) * float((residuals**2).sum())
    value = np.sqrt(max(0.0, float(((x - y) ** 2).sum()) - variance))
    if articles < intervals.MIN_ARTICLES:
        return CorrectedGap(value=rounded(float(value)), low=None, high=None)
    weights = intervals.resample(articles, key, "embeddings", category, resamples=RESAMPLES)
    squares = np.zeros(RESAMPLES)
    scale_x, scale_y = (weights @ images)[:, None], (weights @ texts)[:, None]
    for part in range(0, image.shape[1], DIMENSIONS):
        cut = slice(part, part + DIMENSIONS)
        drawn = (
            weights @ image[:, cut].astype(np.float32) / scale_x - weights @ text[:, cut].astype(np.float32) / scale_y
        )
        squares += (drawn**2).sum(1)
    low, high = np.sqrt(np.maximum(0.0, np.quantile(squares, [0.025, 0.975]) - 2 * variance))
    return CorrectedGap(
        value=rounded(float(value)), low=rounded(float(min(low, value))), high=rounded(float(max(high, value)))
    )


def of_sample(sample: Mapping[str, SampledPair]) -> tuple[float | None, ImageAndText]:
    """Return the figures that need the vectors themselves: separability and uniformity."""
    rows = [sample[pair] for pair in sorted(sample)]
    articles = [row.article for row in rows]
    if len(set(articles)) < intervals.MIN_ARTICLES:
        return None, ImageAndText(image=None, text=None)
    vectors = np.stack([row.vectors for row in rows]).astype(np.float64)
    images, texts = vectors[:, :2].reshape(-1, vectors.shape[2]), vectors[:, 2]
    return (
        rounded(separability(images, texts, np.repeat(articles, 2), np.array(articles))),
        ImageAndText(image=rounded(uniformity(images)), text=rounded(uniformity(texts))),
    )


def separability(
    images: Floats, texts: Floats, image_articles: NDArray[np.str_], text_articles: NDArray[np.str_]
) -> float:
    """Return the balanced accuracy, in five folds over articles, of a logistic regression of pictures against texts."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_score

    vectors = np.concatenate([images, texts])
    kinds = np.repeat([0, 1], [len(images), len(texts)])
    articles = np.concatenate([image_articles, text_articles])
    model = LogisticRegression(max_iter=1000, class_weight="balanced")
    folds = GroupKFold(n_splits=5)
    return float(cross_val_score(model, vectors, kinds, groups=articles, cv=folds, scoring="balanced_accuracy").mean())


def uniformity(vectors: Floats) -> float | None:
    """Return log mean exp(-2 |a - b|^2) over pairs of different unit vectors: at most 0, and lower if spread evenly."""
    from scipy.spatial.distance import pdist

    distinct = np.unique(vectors, axis=0)
    if len(distinct) < 2:
        return None
    return float(np.log(np.mean(np.exp(-2 * pdist(distinct, "sqeuclidean")))))


def principal_components(vectors: Floats) -> tuple[Floats, Floats]:
    """Return the first two principal coordinates, (vectors, 2), and the share of variance that each explains, (2,).

    Signs are fixed: the coordinate with the largest magnitude of each component is positive, on every machine.
    """
    centred = vectors - vectors.mean(0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(1)])[:, None]
    return centred @ axes.T, (singular**2 / (singular**2).sum())[:2]
