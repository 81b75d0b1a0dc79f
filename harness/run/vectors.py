"""The vectors of a predictor, for the modality gap: decoded from a reply, kept beside the journal, summed, saved.

A predictor that declares `embeddings` sends with each answer, in modality vision+text, the vectors of the same forward
pass: {"first": ..., "second": ..., "text": ...}, each base64 of little-endian float32, all of one dimension.

    <run>.vectors    8 bytes: the dimension; then float32 (pairs, 3, dimension) in the order of the plan. A batch is
                     written here before its line in the journal, so this file never holds less than the journal.
    embeddings.npz   in the bundle: centroids per category, and the vectors of a bounded sample of pairs
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError, SubmissionError
from harness.statistics.embedding_gap import SAMPLE_PAIRS, Embeddings, Vectors
from harness.statistics.intervals import Floats

PARTS = ("first", "second", "text")
HEADER = 8  # bytes
CHUNK = 1024  # pairs read at once
NAME = "embeddings.npz"
MOST_DIMENSIONS = 4096  # of a vector: scoring 8,000 dimensions takes over two minutes
MOST_BYTES = 64 * 2**20  # of one array of it: the sample of a 16,000-d predictor
# Errors of a damaged archive: in its directory, in a compressed part, in the header of an array.
BROKEN = (BadZipFile, OSError, EOFError, zlib.error, ValueError, KeyError, NotImplementedError, RuntimeError, TypeError)


def decode(sent: Sequence[tuple[str, object]]) -> Vectors:
    """Return the vectors of one batch, float32 (pairs, 3, dimension), in the order asked.

    Args:
        sent: the pair id, and the `embeddings` that the predictor sent for it.

    Raises:
        SubmissionError: a vector is missing, malformed, of another dimension, or has no direction.
    """
    rows = [[_vector(embeddings, part, pair_id) for part in PARTS] for pair_id, embeddings in sent]
    sizes = {vector.size for row in rows for vector in row}
    if max(sizes) > MOST_DIMENSIONS:
        raise SubmissionError(
            f"predict_pairs: embeddings of {max(sizes)} numbers; send {MOST_DIMENSIONS} at most, or declare none"
        )
    if len(sizes) != 1:
        raise SubmissionError(f"predict_pairs: embeddings of {sorted(sizes)} numbers; send all of one dimension")
    return np.array(rows, dtype=np.float32)


def _vector(sent: Any, part: str, pair_id: str) -> Vectors:
    text = sent.get(part) if isinstance(sent, dict) else None
    if not isinstance(text, str):
        raise SubmissionError(
            f"predict_pairs: {pair_id}: no `embeddings.{part}`, though `initialize` declared embeddings; send base64 "
            "of float32"
        )
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4")
    except (binascii.Error, ValueError) as error:
        raise SubmissionError(
            f"predict_pairs: {pair_id}: `embeddings.{part}` is no base64 of float32: {error}"
        ) from None
    with np.errstate(invalid="ignore"):  # of a NaN
        length = float(np.linalg.norm(vector.astype(np.float64)))
    if not 0 < length < np.inf:  # refuses NaN as well
        raise SubmissionError(
            f"predict_pairs: {pair_id}: `embeddings.{part}` has length {length}; send finite numbers, not all zero"
        )
    return vector


class VectorFile:
    """The vectors of a run in progress."""

    def __init__(self, path: Path, pairs: int) -> None:
        """Begin the file, or resume one that holds at least the `pairs` that the journal holds.

        Raises:
            InputError: the file holds fewer.
        """
        self.path = path
        self.dimension = 0
        with path.open("a+b") as stream:
            stream.seek(0)
            self.dimension = int.from_bytes(stream.read(HEADER), "little")
            kept = HEADER + pairs * self._row if pairs else 0
            if path.stat().st_size < kept or (pairs and not self.dimension):
                raise InputError(f"{path}: holds fewer vectors than the journal answers; begin again with --fresh")
            stream.truncate(kept)
            if not pairs:
                self.dimension = 0

    @property
    def _row(self) -> int:
        return 4 * len(PARTS) * self.dimension

    def append(self, vectors: Vectors) -> None:
        """Make the vectors of a batch durable; there may be none, where a batch holds variants alone.

        Raises:
            SubmissionError: they are of another dimension than those before.
        """
        if not len(vectors):
            return
        with self.path.open("ab") as stream:
            if not self.dimension:
                self.dimension = vectors.shape[2]
                stream.write(self.dimension.to_bytes(HEADER, "little"))
            if vectors.shape[2] != self.dimension:
                raise SubmissionError(
                    f"predict_pairs: embeddings of {vectors.shape[2]} numbers, after {self.dimension} before; send all "
                    "of one dimension"
                )
            stream.write(vectors.astype("<f4").tobytes())
            stream.flush()
            os.fsync(stream.fileno())


def _chunks(path: Path) -> Iterator[Vectors]:
    with path.open("rb") as stream:
        dimension = int.from_bytes(stream.read(HEADER), "little")
        while part := stream.read(CHUNK * 4 * len(PARTS) * dimension):
            yield np.frombuffer(part, dtype="<f4").reshape(-1, len(PARTS), dimension)


def add_up(path: Path, frozen: FrozenSet, asked: Sequence[str], key: bytes) -> Embeddings:
    """Return the sums of the file's vectors for the modality gap. asked: the pair ids, in the order of the file."""
    questions = {pair.pair_id: pair for pair in frozen.questions}
    articles = {answer.pair_id: answer.article_id for answer in frozen.truths}
    sample = keyed.order(questions, key, "embedding sample", str)[:SAMPLE_PAIRS]
    found, at = Embeddings(frozenset(sample)), 0
    for chunk in _chunks(path):
        ids = asked[at : at + len(chunk)]
        found.add([questions[i] for i in ids], [articles[i] for i in ids], chunk[:, 0], chunk[:, 1], chunk[:, 2])
        at += len(chunk)
    return found


def save(found: Embeddings, folder: Path) -> None:
    """Write embeddings.npz: centroids in float32, the sample in float16."""
    centroids = found.centroids()
    pairs = sorted(found.sample)
    np.savez(
        folder / NAME,
        categories=np.array(list(centroids)),
        image_centroids=np.array([image for image, _ in centroids.values()], dtype=np.float32),
        text_centroids=np.array([text for _, text in centroids.values()], dtype=np.float32),
        sample_pairs=np.array(pairs),
        sample_categories=np.array([found.sample[pair][0] for pair in pairs]),
        sample=np.array([found.sample[pair][2] for pair in pairs], dtype=np.float16),
    )


def load_sample(folder: Path) -> dict[str, tuple[Floats, Floats]] | None:
    """Return unit vectors of the sampled pairs' pictures and texts, by category; None where the bundle has none.

    Raises:
        InputError: the file is damaged.
    """
    if not (folder / NAME).is_file():
        return None
    try:
        with ZipFile(folder / NAME) as stored:
            categories = _member(stored, "sample_categories", "U", 1)
            sample = _member(stored, "sample", "f", 3).astype(np.float64)
        if len(categories) != len(sample) or sample.shape[1] != len(PARTS) or not np.isfinite(sample).all():
            raise ValueError("its sample has another shape, or numbers that are not finite")
    except BROKEN as error:
        raise InputError(f"{folder / NAME}: no vectors as `wikiorder evaluate` saves them ({error})") from None
    return {
        str(name): (sample[categories == name][:, :2].reshape(-1, sample.shape[2]), sample[categories == name][:, 2])
        for name in np.unique(categories)
    }


def _member(stored: ZipFile, name: str, kind: str, axes: int) -> np.ndarray[Any, Any]:
    """Return one array as a view of the archive's bytes: a false header cannot make it take more memory than that."""
    with stored.open(f"{name}.npy") as stream:
        content = stream.read(MOST_BYTES)
    header = io.BytesIO(content)
    if np.lib.format.read_magic(header) != (1, 0):
        raise ValueError(f"{name} is written in another version")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(header)
    if dtype.kind != kind or len(shape) != axes or by_column or not all(shape):
        raise ValueError(f"{name} is {dtype} of shape {shape}")
    return np.frombuffer(content, dtype, prod(shape), header.tell()).reshape(shape)


def require_sample(folder: Path) -> dict[str, tuple[Floats, Floats]]:
    """Return the same, where a bundle must have it.

    Raises:
        InputError: the bundle has no vectors.
    """
    sample = load_sample(folder)
    if sample is None:
        raise InputError(f"{folder}: its predictor sent no vectors; wanted one that declares `embeddings`")
    return sample
