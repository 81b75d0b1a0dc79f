"""Inspection of a crawl before a build: layout, pictures, categories, losses by text. No picture is decoded."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dataset_builder import losses, sources, supply
from dataset_builder.articles import filters
from dataset_builder.articles.article import Article
from dataset_builder.articles.filters import FilterLedger
from dataset_builder.articles.headlines import languages
from dataset_builder.losses import LossReport
from dataset_builder.pictures.intake import smallest_side
from dataset_builder.spec import Quota, Spec, fold
from harness.contract.decoding import Record

UNNAMED = "uncategorised"
SAMPLED = 20_000  # headlines whose language is guessed
SHARES = {"train": 3, "validation": 1, "test": 2}  # of six articles and pairs in a spec to start from
KEPT = 1 / 3  # of the pairs left by texts and sizes that a spec to start from asks for, since splits are uneven
PER_ARTICLE = 60  # pairs of an article at most in a spec to start from, so that a few long ones do not dominate
FEW = 6  # usable articles, under which a spec to start from leaves a category out: no interval, and one-sided splits
MEASURED = 100  # articles, evenly spread over the crawl, whose pictures' headers are read
SIDES = (224, 192, 160, 128, 112, 96, 64, 32)  # pixels; the first is the default threshold
ENOUGH = 0.8  # of the articles that min_side of a spec to start from must keep
SCRIPTS = (
    ("ja", 0x3040, 0x30FF),
    ("ko", 0xAC00, 0xD7AF),
    ("zh", 0x4E00, 0x9FFF),
    ("ru", 0x0400, 0x04FF),
    ("ar", 0x0600, 0x06FF),
    ("hi", 0x0900, 0x097F),
    ("th", 0x0E00, 0x0E7F),
)


class InspectedCategory(Record, frozen=True, kw_only=True):
    """One category of a crawl. usable: articles left after the filters by text. pairs: the most that these can give.

    even: the most if no article gives more than `PER_ARTICLE`.
    """

    name: str
    articles: int
    usable: int
    pairs: int
    even: int
    counts_towards: str | None
    nearest: list[str]


class CrawlInspection(Record, frozen=True, kw_only=True):
    """A crawl as `dataset inspect` sees it. pictures: how many were found by each rule. links: linked folders.

    sides: share of the articles that min_side would keep, measured over `measured` articles.
    """

    layout: str
    articles: int
    steps: int
    pictures: dict[str, int]
    links: dict[str, str]
    categories: list[InspectedCategory]
    languages: dict[str, int]
    measured: int
    sides: dict[int, float]
    losses: LossReport


def inspect(raw: Path, spec: Spec | None, source: str | None = None, categories: Path | None = None) -> CrawlInspection:
    """Return what a crawl holds, with every record that cannot be read counted.

    Args:
        spec: its categories are compared with the crawl's; without one, every category counts.
    """
    pictures = sources.open_crawl(raw)
    layout = source or sources.recognise(raw)
    bad = sources.BadRecords()
    articles = list(sources.read_pictures(pictures, layout, categories, bad))
    rules = spec or _every_category(articles)
    ledger = FilterLedger()
    readable = list(filters.by_text(articles, rules, ledger))
    shortfalls = supply.before_split(readable, rules, ledger) if spec else []
    measured = readable[:: max(1, len(readable) // MEASURED)][:MEASURED]
    return CrawlInspection(
        layout=layout,
        articles=len(articles),
        steps=sum(len(article.steps) for article in articles),
        pictures=dict(pictures.hits.most_common()),
        links=pictures.linked_folders(),
        categories=_categories(articles, readable, rules, spec),
        languages=guess_languages(step.headline for article in articles for step in article.steps),
        measured=len(measured),
        sides=_sides([smallest_side(raw, article) for article in measured]),
        losses=losses.report(ledger, bad, shortfalls),
    )


def _sides(smallest: Sequence[int]) -> dict[int, float]:
    """Return the share of articles that each threshold keeps.

    Args:
        smallest: the shorter side of each article's smallest picture.
    """
    return {side: round(sum(one >= side for one in smallest) / len(smallest), 3) for side in SIDES if smallest}


def _every_category(articles: Iterable[Article]) -> Spec:
    names = sorted({article.category for article in articles})
    quota = Quota(train=0, validation=0, test=0)
    return Spec(name="inspect", version="1", seed="inspect", categories=dict.fromkeys(names, quota))


def _categories(
    articles: Iterable[Article], readable: Iterable[Article], rules: Spec, spec: Spec | None
) -> list[InspectedCategory]:
    names = rules.category_names()
    usable: dict[str, list[int]] = defaultdict(list)
    for article in readable:
        usable[article.category].append(supply.most_pairs(article, rules))
    found = []
    for name, count in Counter(article.category for article in articles).most_common():
        own = filters.counts_towards(name, names)
        near = [] if own or spec is None else supply.nearest(name, spec.categories)
        found.append(
            InspectedCategory(
                name=name,
                articles=count,
                usable=len(usable[own or ""]),
                pairs=sum(usable[own or ""]),
                even=sum(min(PER_ARTICLE, count) for count in usable[own or ""]),
                counts_towards=own if spec else None,
                nearest=near,
            )
        )
    return found


def guess_languages(texts: Iterable[str]) -> dict[str, int]:
    """Return the number of texts in each language, by script and frequent words; "?" where neither tells."""
    words = {name: frozenset(row.common) for name, row in languages().items()}
    counts: Counter[str] = Counter()
    for number, text in enumerate(texts):
        if number == SAMPLED:
            break
        counts[_language(text, words)] += 1
    return dict(counts.most_common())


def _language(text: str, words: Mapping[str, frozenset[str]]) -> str:
    if not text.isascii():
        for name, first, last in SCRIPTS:
            if any(first <= ord(character) <= last for character in text):
                return name
    tokens = text.casefold().split()
    best = max(words, key=lambda name: sum(token in words[name] for token in tokens))
    return best if any(token in words[best] for token in tokens) else "?"


def starting_spec(found: CrawlInspection, name: str) -> str:
    """Return a spec to start from: a threshold that most articles pass, and quotas that a third of their pairs fill."""
    side = (
        next((side for side, share in found.sides.items() if share >= ENOUGH), SIDES[-1]) if found.sides else SIDES[0]
    )
    kept = found.sides.get(side, 1.0)
    lines = [
        f"# Made by `wikiorder dataset inspect`. Quotas: a third of the pairs that texts and sizes allow ({kept:.0%}).",
        f'name = "{name}"',
        'version = "1"',
        f'seed = "{name} 1"',
        'licence = ""  # of the data, in words',
        "",
        "[articles]",
        f"min_side = {side}  # pixels of the shorter side of a picture; the paper's set uses {SIDES[0]}",
        "",
        "[pairs]",
        f"per_article = {PER_ARTICLE}",
        "",
        "[split]  # shares of the articles",
        *(f"{subset} = {share}" for subset, share in SHARES.items()),
        "",
        "[categories]  # pairs",
    ]
    written: set[str] = set()  # a crawl may spell a category in several ways, which count together
    for category in found.categories:
        if not category.name or fold(category.name) in written:
            continue
        written.add(fold(category.name))
        text = json.dumps(category.name, ensure_ascii=False)
        most = category.even * kept * KEPT
        pairs = {subset: max(2, int(most * share / sum(SHARES.values()) / 2) * 2) for subset, share in SHARES.items()}
        if category.usable < FEW or most < sum(pairs.values()):
            lines.append(f"# {text}: {category.usable} usable articles are too few")
        else:
            lines.append(f"{text} = {{ {', '.join(f'{subset} = {count}' for subset, count in pairs.items())} }}")
    return "\n".join(lines) + "\n"


def format_table(found: CrawlInspection) -> str:
    """Return an inspection as tables."""
    from tabulate import tabulate

    pictures = [(rule, count, f"{count / max(1, found.steps):.1%}") for rule, count in found.pictures.items()]
    categories = [
        (row.name or UNNAMED, row.articles, row.usable, row.pairs, row.counts_towards or " or ".join(row.nearest))
        for row in found.categories
    ]
    spoken = ", ".join(f"{name} {count}" for name, count in found.languages.items())
    kept = ", ".join(f"{side} keeps {share:.0%}" for side, share in found.sides.items())
    sizes = f"min_side, by the pictures of {found.measured} articles: {kept}" if kept else ""
    links = "".join(
        f"\n{name} is a link to {target}, outside the crawl; build with --follow-links"
        for name, target in found.links.items()
    )
    return "\n\n".join(
        filter(
            None,
            [
                f"layout {found.layout}: {found.articles} articles, {found.steps} steps{links}",
                tabulate(pictures, ("pictures by", "steps", "share")),
                tabulate(categories, ("category", "articles", "usable", "pairs at most", "in the spec, or nearest")),
                f"languages of headlines: {spoken}",
                sizes,
                losses.format_table(found.losses),
            ],
        )
    )
