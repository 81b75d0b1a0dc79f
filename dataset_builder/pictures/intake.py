"""Pictures: each is read once, by content; decoded whole; stripped; and stored under its content's hash.

Workers take whole articles, so nothing is decoded for an article after its first picture has failed. What comes back is
a name and three numbers a picture: no pixels are kept, whatever the size of the crawl.
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

from dataset_builder.articles.article import Article
from dataset_builder.pictures import similarity
from dataset_builder.pictures.decoding import SmallPictureError, decode
from dataset_builder.pictures.recoding import SUFFIX, recode
from dataset_builder.pictures.stripping import UnusablePictureError, sniff
from dataset_builder.spec import Spec
from harness.contract import frozen_set
from harness.errors import HarnessError

MAX_BYTES = 64 * 2**20  # of one file
CHUNK = 8  # articles that travel to a worker at a time
AHEAD = 4  # chunks a worker that are handed out before the first of them is asked back


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture: its set-relative name, its size in pixels, and its perceptual hash (0 where none is wanted)."""

    name: str
    width: int
    height: int
    look: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an article's pictures cannot be used. reason: a key of `filters.REASONS`."""

    reason: str
    picture: str
    detail: str


class _AbsentError(UnusablePictureError):
    pass


Found = tuple[Picture, ...] | Fault  # of one article
Names = Sequence[str]  # its pictures, below the raw folder


def examine(
    raw: Path, articles: Iterable[Article], pool: Path, spec: Spec, workers: int
) -> Iterator[tuple[Article, Found]]:
    """Each article, in the order given, with its pictures, stored in `pool`, or with the first fault."""
    work = partial(_examine_articles, os.path.realpath(raw), pool, spec)
    if workers == 1:
        for article in articles:
            yield article, work([_names(article)])[0]
        return
    # Spawned, not forked: a fork copies the threads' locks, and the libraries that hold them.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        try:
            yield from _hand_out(processes, work, articles, AHEAD * workers)
        except BrokenProcessPool:
            raise HarnessError(
                "a worker process died, most likely for want of memory; build again with fewer --workers"
            ) from None


def _hand_out(
    processes: ProcessPoolExecutor, work: Callable[[list[Names]], list[Found]], articles: Iterable[Article], ahead: int
) -> Iterator[tuple[Article, Found]]:
    """At most `ahead` chunks are with the workers, so that articles are read no sooner than they are wanted."""
    rest = iter(articles)
    waiting: deque[tuple[list[Article], Future[list[Found]]]] = deque()
    while (chunk := list(islice(rest, CHUNK))) or waiting:
        if chunk:
            waiting.append((chunk, processes.submit(work, [_names(article) for article in chunk])))
        if not chunk or len(waiting) == ahead:
            done, found = waiting.popleft()
            yield from zip(done, found.result(), strict=True)


def _names(article: Article) -> Names:
    return [step.picture for step in article.steps]


def _examine_articles(raw: str, pool: Path, spec: Spec, articles: list[Names]) -> list[Found]:
    return [_examine_article(raw, pool, spec, names) for names in articles]


def _examine_article(raw: str, pool: Path, spec: Spec, names: Names) -> Found:
    pictures = []
    for name in names:
        try:
            pictures.append(_examine_picture(raw, pool, spec, name))
        except SmallPictureError as fault:
            return Fault("small picture", name, str(fault))
        except _AbsentError as fault:
            return Fault("missing picture", name, str(fault))
        except UnusablePictureError as fault:
            return Fault("unusable picture", name, str(fault))
    return tuple(pictures)


def _examine_picture(raw: str, pool: Path, spec: Spec, name: str) -> Picture:
    """The picture, stored under the hash of what is left of it."""
    content = _read(raw, name)
    form = sniff(content)
    content, suffix = form.strip(content), form.suffix
    anew = bool(spec.pictures and spec.pictures.reencode)
    (width, height), image = decode(content, form, spec.articles.min_side, whole=anew)
    if anew:
        content, suffix = recode(image), SUFFIX
    seen = similarity.look(image) if spec.duplicates.similar else 0
    return Picture(frozen_set.store_picture(pool, content, suffix), width, height, seen)


_real = lru_cache(64)(os.path.realpath)  # of the folders that hold the pictures: few, or one after the other


def _read(raw: str, name: str) -> bytes:
    """A file's content. Nothing outside the raw folder is opened, whichever way the name or a link points."""
    if "\x00" in name:
        raise UnusablePictureError("a name that no file can have")
    folder, _, last = f"{raw}/{name}".rpartition("/")
    path = f"{_real(folder)}/{last}"
    if last in ("", ".", "..") or os.path.islink(path):  # noqa: PTH114
        path = os.path.realpath(path)
    if not path.startswith(f"{raw}/"):
        raise UnusablePictureError("a path that leaves the raw folder")
    try:
        about = os.stat(path)  # noqa: PTH116 - strings here: pathlib took a tenth of the build
    except OSError:
        raise _AbsentError("no such file") from None
    if not stat.S_ISREG(about.st_mode):
        raise UnusablePictureError("not a plain file")
    if about.st_size > MAX_BYTES:
        raise UnusablePictureError(f"{about.st_size} bytes; at most {MAX_BYTES} are read")
    with open(path, "rb") as stream:  # noqa: PTH123
        return stream.read()
