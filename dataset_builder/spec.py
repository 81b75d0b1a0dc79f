"""The spec: a TOML file that says everything about a set except its raw data and its release key.

    name = "wikiorder"
    version = "1"
    seed = "any text"          # every random choice is ranked by a hash under it
    [articles]                 # which articles may enter
    min_side = 224
    [categories]               # pairs to draw
    "Travel" = { train = 2500, validation = 1000, test = 1000 }

The sections and their defaults are the classes below. `specs/wikiorder-v1.toml` is the paper's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from harness.contract.frozen_set import SUBSETS
from harness.errors import InputError

SHIPPED = Path(__file__).parent / "specs"
NAME, VERSION = "[a-z0-9][a-z0-9-]{0,63}", r"[0-9]+(\.[0-9]+)*"  # as a manifest wants them
Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class Articles:
    """Which articles may enter. A single step that falls short takes its article with it, as in the paper.

    min_side: pixels of a picture's shorter side. min_steps: an article needs two to make a pair.
    """

    min_side: int = 224
    min_steps: int = 2


@dataclass(frozen=True, slots=True)
class Pictures:
    """reencode: code every picture anew, all in the same way, where the audit finds that file size or coding tell."""

    reencode: bool = False


@dataclass(frozen=True, slots=True)
class Headlines:
    """scrub_ordinals: take "Step 3:" and "Finally," off, which tell the order in so many words."""

    scrub_ordinals: bool = True


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Which articles must not be split apart.

    titles: those with near-identical titles. similar: those with pictures that look alike, by hashes at most `distance`
    of 64 bits apart and small copies at most `difference` of 255 apart on average (measured on screenshots: below 6,
    the same screen with another mark on it; above, other screens); off, only the same bytes count. max_articles: a
    picture that more articles show links none of them. max_share: a group above this share of a category is refused.
    """

    titles: bool = True
    similar: bool = True
    distance: int = 4
    difference: float = 6.0
    max_articles: int = 5
    max_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Pairs:
    """How pairs are drawn.

    per_article: at most so many pairs of one article; 0 is no limit. within_method: never pair steps of two methods.
    balance: an article stratum whose values get equal quotas and exactly half of each label; empty for none.
    """

    per_article: int = 0
    within_method: bool = False
    balance: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of a category's articles; all 0: in proportion to the pair counts, as in the paper."""

    train: float = 0.0
    validation: float = 0.0
    test: float = 0.0


@dataclass(frozen=True, slots=True)
class Quota:
    """How many pairs a category gives to each subset."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole spec, checked. `licence` is the data's, in words; it goes into the manifest.

    canaries: pairs of coin-flip label that a set with a release key gets on top of its test pairs.
    """

    name: str
    version: str
    seed: str
    categories: Mapping[str, Quota]
    licence: str = ""
    canaries: int = 400
    articles: Articles = field(default_factory=Articles)
    headlines: Headlines = field(default_factory=Headlines)
    duplicates: Duplicates = field(default_factory=Duplicates)
    pairs: Pairs = field(default_factory=Pairs)
    split: Split = field(default_factory=Split)
    pictures: Pictures | None = None

    @property
    def key(self) -> bytes:
        """The public key of every choice that anybody may repeat."""
        return self.seed.encode()

    def quota(self, category: str, subset: str) -> int:
        return int(getattr(self.categories[category], subset))

    def shares(self, category: str) -> dict[str, float]:
        """The share of a category's articles that goes to each subset; they sum to 1."""
        given = self.split if any(asdict(self.split).values()) else self.categories[category]
        total = sum(getattr(given, subset) for subset in SUBSETS)
        return {subset: getattr(given, subset) / total for subset in SUBSETS}

    def to_json(self) -> dict[str, Any]:
        """For the manifest: every value, but for optional sections that are not there."""
        return {name: value for name, value in asdict(self).items() if value is not None}


SECTIONS = {
    "articles": Articles,
    "headlines": Headlines,
    "pictures": Pictures,
    "duplicates": Duplicates,
    "pairs": Pairs,
    "split": Split,
}
OPTIONAL = {"pictures"}


def load(name: str) -> Spec:
    """A spec by path, or by the name of one that ships."""
    path = Path(name)
    if not path.is_file():
        path = SHIPPED / f"{name}.toml"
    if not path.is_file():
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise InputError(f"spec {name!r}: no such file, and no spec of that name ships; shipped are {shipped}")
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; wanted a TOML spec") from None


def parse(text: str, where: str) -> Spec:
    """A spec from TOML text; an InputError names the key that is unknown, missing or out of range."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid TOML: {error}") from None
    for name, kind in SECTIONS.items():
        if name in table or name not in OPTIONAL:
            table[name] = _section(kind, table.get(name, {}), f"{where}: [{name}]")
    rows = _table(table.get("categories", {}), f"{where}: [categories]")
    table["categories"] = {name: _section(Quota, row, f"{where}: [categories] {name!r}") for name, row in rows.items()}
    spec = _section(Spec, table, where)
    for problem in _problems(spec):
        raise InputError(f"{where}: {problem}")
    return spec


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: found {value!r}, wanted a table")
    return value


def _section(kind: type[Section], table: Any, where: str) -> Section:
    """One table as its class; unknown keys, missing keys and wrong types are named."""
    types = get_type_hints(kind)
    needed = {f.name for f in fields(kind) if f.default is f.default_factory}  # type: ignore[arg-type] # both MISSING
    for key, value in _table(table, where).items():
        if key not in types:
            near = get_close_matches(key, types, n=3) or sorted(types)
            raise InputError(f"{where}: unknown key {key!r}; did you mean {' or '.join(near)}?")
        wanted = types[key]
        if wanted in (int, float, str, bool):
            fits = type(value) is wanted or (wanted is float and type(value) is int)
            if not fits:
                raise InputError(f"{where}: {key} = {value!r}; wanted {wanted.__name__}")
    if missing := sorted(needed - table.keys()):
        raise InputError(f"{where}: {missing[0]} is missing")
    return kind(**table)


def _problems(spec: Spec) -> Iterator[str]:
    """What is well formed but cannot be built."""
    for name, quota in spec.categories.items():
        for subset, count in asdict(quota).items():
            if count < 0 or count % 2:
                yield f"{name!r}: {subset} = {count}; wanted an even count, since exactly half is inverted"
        if not any(asdict(quota).values()):
            yield f"{name!r}: asks for no pairs at all; give it a count or leave it out"
    yield from (words for holds, words in BOUNDS if not holds(spec))


BOUNDS: tuple[tuple[Callable[[Spec], bool], str], ...] = (
    (lambda spec: bool(spec.categories), "[categories] is empty; name each category and its pair counts"),
    (lambda spec: re.fullmatch(NAME, spec.name) is not None, f"name must fit {NAME}, such as my-set"),
    (lambda spec: re.fullmatch(VERSION, spec.version) is not None, f"version must fit {VERSION}, such as 1.2"),
    (lambda spec: bool(spec.seed), "seed is empty; any text will do, and another text gives another set"),
    (lambda spec: spec.canaries >= 0, "canaries must be 0 or more"),
    (lambda spec: spec.articles.min_side >= 1, "[articles] min_side must be at least 1 pixel"),
    (lambda spec: spec.articles.min_steps >= 2, "[articles] min_steps must be at least 2"),
    (lambda spec: spec.pairs.per_article >= 0, "[pairs] per_article must be 0 (no limit) or more"),
    (lambda spec: 0 <= spec.duplicates.distance <= 16, "[duplicates] distance must lie in 0 to 16"),
    (lambda spec: 0 < spec.duplicates.max_share <= 1, "[duplicates] max_share must lie above 0 and up to 1"),
    (lambda spec: min(asdict(spec.split).values()) >= 0, "[split] shares must not be negative"),
)
