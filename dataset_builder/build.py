"""The main road from a raw crawl to a frozen set. Read this first.

    DIR/train, DIR/validation, DIR/test   three frozen sets (harness.testset)
    DIR/report.json                       what was read, what every filter took, what was frozen
    DIR/SHA256SUMS                        every file of all of it; its SHA-256 is the digest of the whole build

The result depends on the raw data, the spec and the release key alone: never on the order of the input, the number of
workers, the platform or a generator's state.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from dataset_builder import filters, pairing, sources, splitting
from dataset_builder.articles import Article
from dataset_builder.filters import Illustrated, Ledger
from dataset_builder.pairing import Row
from dataset_builder.pictures import Fault, Picture, examine
from dataset_builder.spec import Spec
from harness import __version__, checksums, files, testset
from harness.records import HarnessError, InputError
from harness.testset import SUBSETS, Manifest

Found = Iterable[tuple[Picture, ...] | Fault]
Watch = Callable[[Found, int], Found]  # shows progress over so many articles


@dataclass(frozen=True)
class Request:
    """What a build is asked to do. watch: shown every article whose pictures are through."""

    spec: Spec
    raw: Path
    out: Path
    source: str | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    watch: Watch = lambda found, total: found  # noqa: ARG005 - the silent one


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build: the digest of the whole, and its report."""

    digest: str
    report: dict[str, Any]


def build(request: Request) -> Built:
    """Read, filter, split, pair, invert, freeze. The folder appears when all of it is finished, or not at all."""
    spec = request.spec
    if request.out.exists():
        raise InputError(f"{request.out}: exists already, and a frozen set is never overwritten; name another --out")
    ledger = Ledger()
    articles = filters.by_text(sources.read(request.raw, request.source), spec, ledger)
    with _partial(request.out) as folder:
        illustrated = _illustrate(request, articles, folder / "pool", ledger)
        groups = {one.article.article_id: one.article.article_id for one in illustrated}
        subsets = splitting.split(illustrated, groups, spec)
        rows = {subset: pairing.invert(pairing.choose(subsets[subset], spec, subset), spec.key) for subset in SUBSETS}
        _deal(folder, rows)
        report: dict[str, Any] = {"builder": __version__, "spec": spec.to_json(), **ledger.to_json(), "subsets": {}}
        for subset in SUBSETS:
            digest = testset.freeze(folder / subset, _manifest(spec, subset, rows[subset]), rows[subset])
            report["subsets"][subset] = _summary(digest, rows[subset])
        (folder / "report.json").write_text(files.json_page(report), encoding="utf-8")
        digest = checksums.seal(folder, known=_hashed_already(folder))
    return Built(digest, report)


def _illustrate(request: Request, articles: Sequence[Article], pool: Path, ledger: Ledger) -> list[Illustrated]:
    found = examine(request.raw, articles, pool, request.spec.articles.min_side, request.workers)
    return filters.by_picture(articles, request.watch(found, len(articles)), ledger)


@contextmanager
def _partial(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes it at the end, and is removed where anything went wrong."""
    folder = out.with_name(out.name + ".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _held(folder):
            for left in folder.iterdir():  # what a killed build left
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            try:
                yield folder
                os.sync()
                folder.rename(out)
                files.sync_folder(out.parent)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise HarnessError(f"{name}{error.strerror or error}; nothing was built, and {out} was not made") from error


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Refuse a folder that another build is writing."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"{folder}: another build is writing it; wait for it, or name another --out") from None
    finally:
        os.close(descriptor)


def _deal(folder: Path, rows: Mapping[str, Sequence[Row]]) -> None:
    """Move each picture from the pool to the subset that shows it; copy it where several do."""
    shown = {subset: {step.image for pair, _ in rows[subset] for step in (pair.first, pair.second)} for subset in rows}
    takers = Counter(name for names in shown.values() for name in names)
    for subset, names in shown.items():
        for parent in sorted({str(PurePosixPath(name).parent) for name in names}):
            (folder / subset / parent).mkdir(parents=True)
        (folder / subset).mkdir(exist_ok=True)
        for name in names:
            source, target = folder / "pool" / name, folder / subset / name
            takers[name] -= 1
            shutil.copyfile(source, target) if takers[name] else source.rename(target)
    shutil.rmtree(folder / "pool", ignore_errors=True)  # no article may have had a picture


def _manifest(spec: Spec, subset: str, rows: Sequence[Row]) -> Manifest:
    counts = Counter(pair.category for pair, _ in rows)
    identity = f"wikiorder:{spec.name}:{spec.version}:{spec.seed}"
    details = {
        "builder": __version__,
        "contamination_guid": str(uuid5(NAMESPACE_URL, identity)),  # text that holds it has seen this set
        "licence": spec.licence,
        "spec": spec.to_json(),
    }

    return Manifest(spec.name, spec.version, subset, "public", {c: counts[c] for c in spec.categories}, details)


def _summary(digest: str, rows: Sequence[Row]) -> dict[str, Any]:
    categories = sorted({pair.category for pair, _ in rows})
    articles = {
        category: len({answer.article_id for pair, answer in rows if pair.category == category})
        for category in categories
    }
    pairs = {category: sum(pair.category == category for pair, _ in rows) for category in categories}
    return {"digest": digest, "pairs": pairs, "articles": articles}


def _hashed_already(folder: Path) -> dict[str, str]:
    """Pictures are named by their hash, so that none is read again."""
    return {
        name: PurePosixPath(name).stem
        for name in checksums.names(folder)
        if PurePosixPath(name).parts[1:2] == ("images",)
    }
