"""Build frozen sets from a raw crawl. Read this first: `build` calls every stage in order.

    DIR/train, DIR/validation, DIR/test   three frozen sets (harness.contract.frozen_set)
    DIR/report.json                       articles read, articles dropped by each filter, sets frozen
    DIR/SHA256SUMS                        all files; the SHA-256 of this file is the digest of the whole build

The result depends on the raw data, the spec and the release key alone: not on the order of the input, the number of
workers, the platform or the state of a random generator.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from msgspec import UNSET, UnsetType, structs

from dataset_builder import losses, sources, supply
from dataset_builder.articles import duplicates, filters, splitting
from dataset_builder.articles.article import Article, IllustratedArticle
from dataset_builder.articles.duplicates import DuplicateReport
from dataset_builder.articles.filters import ChangedTexts, FilterCount, FilterLedger
from dataset_builder.articles.splitting import QuotaKey
from dataset_builder.describe import metadata
from dataset_builder.describe.metadata import SetDetails
from dataset_builder.losses import LossReport
from dataset_builder.pairs import pairing
from dataset_builder.pairs.canaries import CanaryRule
from dataset_builder.pairs.rows import LabelledPair, label_pairs, rank
from dataset_builder.pictures.intake import examine
from dataset_builder.sources import BadRecords, BadRecordsError
from dataset_builder.spec import Spec
from dataset_builder.supply import Shortfall, ShortfallError
from dataset_builder.workspace import folder, inputs
from dataset_builder.workspace.folder import Workspace
from dataset_builder.workspace.inputs import BuildInputs
from dataset_builder.workspace.shelf import DoubledError, Selection, Shelf
from harness import __version__
from harness.contract import checksums, decoding, files, frozen_set, release
from harness.contract.decoding import Record
from harness.contract.frozen_set import SUBSETS, Manifest
from harness.contract.result import Visibility
from harness.errors import InputError

REPORT = "report.json"

ArticlesByQuota = Mapping[QuotaKey, Collection[IllustratedArticle]]
ArticleProgress = Callable[[Iterable[Article], int], Iterable[Article]]  # shows progress over a number of articles


def no_progress(articles: Iterable[Article], total: int) -> Iterable[Article]:  # noqa: ARG001 - as ArticleProgress
    """Return the articles without showing progress."""
    return articles


@dataclass(frozen=True)
class BuildRequest:
    """The arguments of a build.

    categories: a side table for crawls without categories. key: the release key, which makes the sets hidden.
    progress: wraps the articles on their way to the pictures. skip_bad: leave out records that cannot be read.
    follow_links: read pictures in linked folders of `raw` that lead out of it.
    """

    spec: Spec
    raw: Path
    out: Path
    source: str | None = None
    categories: Path | None = None
    key: bytes | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    progress: ArticleProgress = no_progress
    skip_bad: bool = False
    follow_links: bool = False


class SubsetReport(Record, frozen=True, kw_only=True):
    """One frozen set: its digest, and pairs and articles by category."""

    digest: str
    pairs: dict[str, int]
    articles: dict[str, int]


class BuildReport(Record, frozen=True, kw_only=True):
    """`report.json`: articles read, dropped and grouped, and the frozen sets. `builder`: version of this program."""

    builder: str
    spec: Spec
    articles_read: int
    filters: list[FilterCount]
    scrubbed: ChangedTexts
    duplicates: DuplicateReport
    subsets: dict[str, SubsetReport]
    cleaned: ChangedTexts | UnsetType = UNSET  # headlines that lost markup, if any
    turned: int | UnsetType = UNSET  # pictures of usable articles that were turned upright, if any


class FailedBuildError(InputError):
    """A build that the user can mend. reason: the error. losses: everything dropped until then."""

    def __init__(self, reason: InputError, losses: LossReport) -> None:
        super().__init__(*reason.args)
        self.reason = reason
        self.losses = losses


@dataclass(frozen=True, slots=True)
class FinishedBuild:
    """A finished build: its digest, its report, and whether this call made it."""

    digest: str
    report: BuildReport
    fresh: bool = True


def build(request: BuildRequest) -> FinishedBuild:
    """Read, filter, group, split, pair and freeze. The folder `out` appears when all is finished, or not at all.

    Raises:
        FailedBuildError: the crawl cannot be read, or cannot give the pairs that the spec asks for.
    """
    made_from = _fingerprint(request)
    if (unchanged := inputs.recall(request.out, made_from)) is not None:
        return FinishedBuild(unchanged, read_report(request.out), fresh=False)
    refuse_existing(request.out)
    ledger, bad = FilterLedger(), BadRecords()
    try:
        built = _build(request, ledger, bad)
    except InputError as error:
        short = list(error.shortfalls) if isinstance(error, ShortfallError) else []
        lost = losses.report(ledger, error.bad if isinstance(error, BadRecordsError) else bad, short, str(error))
        losses.write(request.out, lost)
        raise FailedBuildError(error, lost) from error
    losses.write(request.out, losses.report(ledger, bad))
    inputs.remember(request.out, made_from, built.digest)
    return built


def _build(request: BuildRequest, ledger: FilterLedger, bad: BadRecords) -> FinishedBuild:
    """Build everything, counting losses in `ledger` and `bad`."""
    spec = request.spec
    with folder.partial(request.out) as space:
        readable = _look(request, space, _read(request, space, bad), ledger)
        articles = _illustrate(request, space, readable, ledger)
        _refuse_shortfalls(supply.before_split((one.article for one in articles), spec, ledger))
        groups = duplicates.group(articles, space.scratch, spec)
        ids = splitting.split(articles, groups.by_article, spec)
        split = {subset: {key: Selection(articles, ids[subset][key]) for key in ids[subset]} for subset in SUBSETS}
        _refuse_shortfalls(supply.after_split(split, spec, ledger))
        subsets = {subset: _freeze(request, space, subset, split[subset], groups.by_article) for subset in SUBSETS}
        report = BuildReport(
            builder=__version__,
            spec=spec,
            articles_read=ledger.read,
            filters=ledger.filter_counts(),
            scrubbed=ledger.scrubbed.changed_texts(),
            duplicates=groups.report,
            subsets=subsets,
            cleaned=ledger.cleaned.changed_texts() if ledger.cleaned.number else UNSET,
            turned=ledger.turned or UNSET,
        )
        space.clear()
        (space.folder / REPORT).write_text(decoding.json_page(report), encoding="utf-8")
        digest = checksums.seal(space.folder, frozen_set.digest_in_name)
    return FinishedBuild(digest, report)


def read_report(root: Path) -> BuildReport:
    """Return the report of the build in `root`."""
    return decoding.decode(BuildReport, (root / REPORT).read_bytes(), str(root / REPORT))


def refuse_existing(out: Path) -> None:
    """Refuse to overwrite a folder.

    Raises:
        InputError: `out` exists.
    """
    if out.exists():
        raise InputError(f"{out}: exists already, and a frozen set is never overwritten; name another --out")


def _fingerprint(request: BuildRequest) -> str:
    """Return the fingerprint of everything that the result depends on."""
    if not request.raw.is_dir():
        raise InputError(f"{request.raw}: no such folder; wanted the folder of a raw crawl")
    table = request.categories
    depends = BuildInputs(
        spec=request.spec,
        source=request.source,
        release_key=None if request.key is None else release.fingerprint(request.key),
        categories=files.sha256(table) if table and table.is_file() else None,
        options=[name for name in ("skip_bad", "follow_links") if getattr(request, name)],
    )
    return inputs.fingerprint(request.raw, depends)


def _read(request: BuildRequest, space: Workspace, bad: BadRecords) -> Shelf[Article]:
    pictures = sources.open_crawl(request.raw)
    links = pictures.linked_folders()
    if links and not request.follow_links:
        name, target = next(iter(links.items()))
        raise InputError(
            f"{request.raw / name}: a link to {target}, outside the crawl, where no picture is read; "
            f"pass --follow-links to read {len(links)} linked folders, or move them into the crawl"
        )
    skipped = bad if request.skip_bad else None
    found = sources.read_pictures(pictures, request.source, request.categories, skipped)
    try:
        return space.shelve("articles", lambda article: article.article_id, found)
    except DoubledError as error:
        one, other = error.records
        raise InputError(
            f"{request.raw}: article id {one.article_id!r} stands twice ({one.title!r} and {other.title!r}); "
            f"give each its own id"
        ) from None


def _look(request: BuildRequest, space: Workspace, articles: Shelf[Article], ledger: FilterLedger) -> Shelf[Article]:
    """Return the articles that pass the filters by text; refuse a crawl that cannot give enough pairs by its texts."""
    readable = space.shelve(
        "readable", lambda article: article.article_id, filters.by_text(articles, request.spec, ledger)
    )
    _refuse_shortfalls(supply.before_split(readable, request.spec, ledger))
    return readable


def _refuse_shortfalls(shortfalls: list[Shortfall]) -> None:
    if shortfalls:
        raise ShortfallError(shortfalls)


def _illustrate(
    request: BuildRequest, space: Workspace, readable: Shelf[Article], ledger: FilterLedger
) -> Shelf[IllustratedArticle]:
    """Return the articles whose pictures are all usable, with the pictures stored in the scratch."""
    articles = request.progress(readable, len(readable))
    examined = examine(request.raw, articles, space.scratch, request.spec, request.workers, request.follow_links)
    return space.shelve("illustrated", lambda one: one.article_id, filters.by_picture(examined, ledger))


def _freeze(
    request: BuildRequest, space: Workspace, subset: str, articles: ArticlesByQuota, groups: Mapping[str, str]
) -> SubsetReport:
    """Freeze one subset, from its articles to its digest, and return its part of the report."""
    key, rules = request.key or request.spec.key, request.spec.duplicates
    hidden = request.key is not None and subset == "test"
    canaries = CanaryRule(request.spec.canaries, key, groups) if hidden else None
    drawn = pairing.choose(articles, request.spec, subset, canaries)
    labelled = label_pairs(drawn, key, rules.distance if rules.similar else None)
    rows = space.shelve(f"{subset} rows", partial(rank, key), labelled)
    space.write_pictures(subset, rows)
    manifest = _manifest(request, subset, rows)
    digest = frozen_set.finish(space.folder / subset, manifest, rows, metadata.describe)
    return _subset_report(digest, rows)


def _manifest(request: BuildRequest, subset: str, rows: Iterable[LabelledPair]) -> Manifest:
    spec, key = request.spec, request.key
    identity = f"wikiorder:{spec.name}:{spec.version}:{spec.seed}"
    counts = {category: spec.quota(category, subset) for category in spec.categories}
    guid = str(uuid5(NAMESPACE_URL, identity))
    details = SetDetails(contamination_guid=guid, licence=spec.licence, spec=spec)
    if key is not None:
        secret = [truth.article_id for pair, truth in rows if release.is_canary(key, pair, truth)]
        details = structs.replace(
            details,
            canaries=len(secret),
            canary_articles=len(set(secret)),
            release_key=release.fingerprint(key),
        )
    visibility: Visibility = "public" if key is None else "hidden"
    return Manifest(spec.name, spec.version, subset, visibility, counts, decoding.to_json(details))


def _subset_report(digest: str, rows: Iterable[LabelledPair]) -> SubsetReport:
    pairs: Counter[str] = Counter()
    articles: dict[str, set[str]] = defaultdict(set)
    for pair, truth in rows:
        pairs[pair.category] += 1
        articles[pair.category].add(truth.article_id)
    return SubsetReport(digest=digest, pairs=dict(pairs), articles={name: len(ids) for name, ids in articles.items()})
