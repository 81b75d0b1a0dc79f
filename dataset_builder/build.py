"""The main road from a raw crawl to a frozen set. Read this first.

    DIR/train, DIR/validation, DIR/test   three frozen sets (harness.testset)
    DIR/report.json                       what was read, what every filter took, what was frozen
    DIR/SHA256SUMS                        every file of all of it; its SHA-256 is the digest of the whole build

The result depends on the raw data, the spec and the release key alone: never on the order of the input, the number of
workers, the platform or a generator's state.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from dataset_builder import sources
from dataset_builder.articles import duplicates, filters, splitting
from dataset_builder.articles.article import Article
from dataset_builder.articles.filters import Illustrated, Ledger
from dataset_builder.describe import card, croissant
from dataset_builder.pairs import pairing
from dataset_builder.pairs.rows import Row, ask, rank
from dataset_builder.pictures.intake import examine
from dataset_builder.spec import Spec
from dataset_builder.workspace import folder, inputs
from dataset_builder.workspace.folder import Workspace
from dataset_builder.workspace.shelf import DoubledError, Selection, Shelf
from harness import __version__
from harness.contract import checksums, files, frozen_set, release
from harness.contract.frozen_set import SUBSETS, Manifest
from harness.errors import InputError

Cells = Mapping[splitting.Cell, Collection[Illustrated]]
Watch = Callable[[Iterable[Article], int], Iterable[Article]]  # shows progress over so many articles


@dataclass(frozen=True)
class Request:
    """What a build is asked to do.

    categories: a side table for crawls that hold none. key: the release key, which makes the sets hidden.
    watch: shown every article on its way to its pictures.
    """

    spec: Spec
    raw: Path
    out: Path
    source: str | None = None
    categories: Path | None = None
    key: bytes | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    watch: Watch = lambda articles, total: articles  # noqa: ARG005 - the silent one


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build: the digest of the whole, its report, and whether it was made just now."""

    digest: str
    report: dict[str, Any]
    fresh: bool = True


def build(request: Request) -> Built:
    """Read, filter, split, pair, invert, freeze. The folder appears when all of it is finished, or not at all."""
    spec = request.spec
    made_from = _inputs(request)
    if (unchanged := inputs.recall(request.out, made_from)) is not None:
        return Built(unchanged, json.loads((request.out / "report.json").read_bytes()), fresh=False)
    refuse_existing(request.out)
    ledger = Ledger()
    with folder.partial(request.out) as space:
        articles = _illustrate(request, space, _read(request, space), ledger)
        groups = duplicates.group(articles, space.scratch, spec)
        subsets = splitting.split(articles, groups.of, spec)
        report: dict[str, Any] = {"builder": __version__, "spec": spec.to_json(), **ledger.to_json()}
        report |= {"duplicates": groups.report, "subsets": {}}
        for subset in SUBSETS:
            cells = {home: Selection(articles, ids) for home, ids in subsets[subset].items()}
            report["subsets"][subset] = _freeze(request, space, subset, cells)
        space.clear()
        (space.folder / "report.json").write_text(files.json_page(report), encoding="utf-8")
        digest = checksums.seal(space.folder, frozen_set.digest_in_name)
    inputs.remember(request.out, made_from, digest)
    return Built(digest, report)


def _read(request: Request, space: Workspace) -> Shelf[Article]:
    found = sources.read(request.raw, request.source, request.categories)
    try:
        return space.shelve("articles", lambda article: article.article_id, found)
    except DoubledError as error:
        one, other = error.records
        raise InputError(
            f"{request.raw}: article id {one.article_id!r} stands twice ({one.title!r} and {other.title!r}); "
            f"give each its own id"
        ) from None


def _illustrate(request: Request, space: Workspace, articles: Shelf[Article], ledger: Ledger) -> Shelf[Illustrated]:
    """The articles that stay, with their pictures in the scratch."""
    readable = filters.by_text(request.watch(articles, len(articles)), request.spec, ledger)
    found = examine(request.raw, readable, space.scratch, request.spec, request.workers)
    return space.shelve("illustrated", lambda one: one.article.article_id, filters.by_picture(found, ledger))


def _freeze(request: Request, space: Workspace, subset: str, cells: Cells) -> dict[str, Any]:
    """One subset, from its articles to its digest, and its part of the report."""
    key = request.key or request.spec.key
    rows = space.shelve(f"{subset} rows", partial(rank, key), _ask(request, cells, subset, key))
    space.deal(subset, rows)
    digest = frozen_set.finish(space.folder / subset, _manifest(request, subset, len(rows)), rows, _describe)
    return _summary(digest, rows)


def _inputs(request: Request) -> str:
    """Everything that the result depends on, as one fingerprint."""
    if not request.raw.is_dir():
        raise InputError(f"{request.raw}: no such folder; wanted the folder of a raw crawl")
    key = release.fingerprint(request.key) if request.key else None
    table = files.sha256(request.categories) if request.categories and request.categories.is_file() else None
    return inputs.fingerprint(request.raw, request.spec.to_json(), request.source, key, table)


def refuse_existing(out: Path) -> None:
    if out.exists():
        raise InputError(f"{out}: exists already, and a frozen set is never overwritten; name another --out")


def _ask(request: Request, cells: Cells, subset: str, key: bytes) -> Iterator[Row]:
    canaries = request.spec.canaries if request.key and subset == "test" else 0
    rules = request.spec.duplicates
    chosen = pairing.choose(cells, request.spec, subset, canaries)
    return ask(chosen, key, rules.distance if rules.similar else None)


def _manifest(request: Request, subset: str, rows: int) -> Manifest:
    spec = request.spec
    identity = f"wikiorder:{spec.name}:{spec.version}:{spec.seed}"
    details: dict[str, Any] = {
        "contamination_guid": str(uuid5(NAMESPACE_URL, identity)),  # text that holds it has seen this set
        "licence": spec.licence,
        "spec": spec.to_json(),
    }
    counts = {category: spec.quota(category, subset) for category in spec.categories}
    if request.key is None:
        return Manifest(spec.name, spec.version, subset, "public", counts, details)
    details |= {"canaries": rows - sum(counts.values()), "release_key": release.fingerprint(request.key)}
    return Manifest(spec.name, spec.version, subset, "hidden", counts, details)


def _describe(manifest: Manifest, root: Path) -> dict[str, str]:
    """What is frozen with a set for those who meet it without our software."""
    return {card.NAME: card.text(manifest), croissant.NAME: files.json_page(croissant.describe(manifest, root))}


def _summary(digest: str, rows: Iterable[Row]) -> dict[str, Any]:
    pairs: Counter[str] = Counter()
    articles: dict[str, set[str]] = defaultdict(set)
    for pair, answer in rows:
        pairs[pair.category] += 1
        articles[pair.category].add(answer.article_id)
    return {"digest": digest, "pairs": pairs, "articles": {name: len(ids) for name, ids in articles.items()}}
