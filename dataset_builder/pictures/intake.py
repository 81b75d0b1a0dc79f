"""Intake of pictures: each is read once, decoded completely, stripped, turned upright, and stored by its content.

Workers take whole articles, so nothing is decoded for an article after its first picture has failed. They return a
name and three numbers per picture; no pixels are kept, so the size of the crawl does not matter.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from dataset_builder.articles.article import Article, StoredPicture
from dataset_builder.pictures import similarity
from dataset_builder.pictures.coding import SUFFIX, SmallPictureError, decode, encode_again, header_size
from dataset_builder.pictures.orientation import orientation, recode, turn
from dataset_builder.pictures.stripping import UnusablePictureError, detect_format
from dataset_builder.spec import Spec
from harness.contract import frozen_set
from harness.errors import HarnessError

MAX_BYTES = 64 * 2**20  # of one file
CHUNK = 8  # articles sent to a worker at a time
AHEAD = 4  # chunks per worker that are submitted before the first result is awaited


@dataclass(frozen=True, slots=True)
class PictureFault:
    """Why an article's pictures cannot be used. reason: a key of `filters.REASONS`."""

    reason: str
    picture: str
    detail: str


class MissingPictureError(UnusablePictureError):
    """A picture that is named and does not exist."""


ExaminedPictures = tuple[StoredPicture, ...] | PictureFault  # of one article
Roots = tuple[str, ...]  # real paths of the folders in which pictures may lie, the crawl first
PictureNames = Sequence[str]  # of one article, below the raw folder


def examine(
    raw: Path, articles: Iterable[Article], pool: Path, spec: Spec, workers: int, follow_links: bool = False
) -> Iterator[tuple[Article, ExaminedPictures]]:
    """Yield each article, in the order given, with its pictures stored in `pool`, or with the first fault.

    Args:
        follow_links: also read in the folders to which links directly in `raw` lead.

    Raises:
        HarnessError: a worker process died.
    """
    work = partial(_examine_articles, _roots(raw, follow_links), pool, spec)
    if workers == 1:
        for article in articles:
            yield article, work([_names(article)])[0]
        return
    # Spawned, not forked: a fork copies locks that other threads hold.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        try:
            yield from _submit_ahead(processes, work, articles, AHEAD * workers)
        except BrokenProcessPool:
            raise HarnessError(
                "a worker process died, most likely out of memory; build again with fewer --workers"
            ) from None


def _roots(raw: Path, follow_links: bool) -> Roots:
    """Return the real paths of the folders in which pictures may lie, the crawl first."""
    root = os.path.realpath(raw)
    linked = sorted(entry.path for entry in os.scandir(root) if entry.is_symlink()) if follow_links else []
    return (root, *map(os.path.realpath, linked))


def _submit_ahead(
    processes: ProcessPoolExecutor,
    work: Callable[[list[PictureNames]], list[ExaminedPictures]],
    articles: Iterable[Article],
    ahead: int,
) -> Iterator[tuple[Article, ExaminedPictures]]:
    """Keep at most `ahead` chunks with the workers, so that the articles are not all read into memory."""
    rest = iter(articles)
    waiting: deque[tuple[list[Article], Future[list[ExaminedPictures]]]] = deque()
    while (chunk := list(islice(rest, CHUNK))) or waiting:
        if chunk:
            waiting.append((chunk, processes.submit(work, [_names(article) for article in chunk])))
        if not chunk or len(waiting) == ahead:
            done, found = waiting.popleft()
            yield from zip(done, found.result(), strict=True)


def _names(article: Article) -> PictureNames:
    return [step.picture for step in article.steps]


def _examine_articles(roots: Roots, pool: Path, spec: Spec, articles: list[PictureNames]) -> list[ExaminedPictures]:
    return [_examine_article(roots, pool, spec, names) for names in articles]


def _examine_article(roots: Roots, pool: Path, spec: Spec, names: PictureNames) -> ExaminedPictures:
    pictures = []
    for name in names:
        try:
            pictures.append(_examine_picture(roots, pool, spec, name))
        except SmallPictureError as fault:
            return PictureFault("small picture", name, str(fault))
        except MissingPictureError as fault:
            return PictureFault("missing picture", name, str(fault))
        except UnusablePictureError as fault:
            return PictureFault("unusable picture", name, str(fault))
    return tuple(pictures)


def _examine_picture(roots: Roots, pool: Path, spec: Spec, name: str) -> StoredPicture:
    """Strip, decode and turn upright one picture, and store it under the hash of what is left of it."""
    read = _read(roots, name)
    form = detect_format(read)
    content, suffix = form.strip(read), form.suffix
    again = bool(spec.pictures and spec.pictures.reencode)
    asked = orientation(read, form)
    size, image = decode(content, form, spec.articles.min_side, whole=again or asked > 1)
    if asked > 1:
        image = turn(image, asked)
        size = image.size
    if again:
        content, suffix = encode_again(image), SUFFIX
    elif asked > 1:
        content = recode(image, content, form, asked)
    hashed = similarity.perceptual_hash(image) if spec.duplicates.similar else 0
    return StoredPicture(frozen_set.store_picture(pool, content, suffix), *size, hashed, turned=asked > 1)


_real = lru_cache(64)(os.path.realpath)  # of the folders with pictures: few of them, or one after the other


def _read(roots: Roots, name: str) -> bytes:
    """Read one file. Nothing outside the roots is opened, regardless of where the name or a link points."""
    if "\x00" in name:
        raise UnusablePictureError("a name that no file can have")
    folder, _, last = f"{roots[0]}/{name}".rpartition("/")
    path = f"{_real(folder)}/{last}"
    if last in ("", ".", "..") or os.path.islink(path):  # noqa: PTH114
        path = os.path.realpath(path)
    if not path.startswith(tuple(f"{root}/" for root in roots)):
        raise UnusablePictureError("a path that leaves the raw folder")
    try:
        about = os.stat(path)  # noqa: PTH116 - strings here: pathlib took a tenth of the build
    except OSError:
        raise MissingPictureError("no such file") from None
    if not stat.S_ISREG(about.st_mode):
        raise UnusablePictureError("not a plain file")
    if about.st_size > MAX_BYTES:
        raise UnusablePictureError(f"{about.st_size} bytes; at most {MAX_BYTES} are read")
    with open(path, "rb") as stream:  # noqa: PTH123
        return stream.read()


def smallest_side(raw: Path, article: Article) -> int:
    """Return the shorter side in pixels of an article's smallest picture, by the headers of its files; 0 without one.

    Nothing is decoded. A file that cannot be read counts as 0.
    """
    try:
        return min((min(header_size(_read((os.path.realpath(raw),), name))) for name in _names(article)), default=0)
    except UnusablePictureError:
        return 0
