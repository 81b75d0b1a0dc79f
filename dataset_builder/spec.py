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

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from harness.records import InputError
from harness.testset import SUBSETS

SHIPPED = Path(__file__).parent / "specs"
Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class Articles:
    """Which articles may enter. A single step that falls short takes its article with it, as in the paper.

    min_side: pixels of a picture's shorter side. min_steps: an article needs two to make a pair.
    """

    min_side: int = 224
    min_steps: int = 2


@dataclass(frozen=True, slots=True)
class Headlines:
    """scrub_ordinals: take "Step 3:" and "Finally," off, which tell the order in so many words."""

    scrub_ordinals: bool = True


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
    """A whole spec, checked. `licence` is the data's, in words; it goes into the manifest."""

    name: str
    version: str
    seed: str
    categories: Mapping[str, Quota]
    licence: str = ""
    articles: Articles = field(default_factory=Articles)
    headlines: Headlines = field(default_factory=Headlines)
    pairs: Pairs = field(default_factory=Pairs)
    split: Split = field(default_factory=Split)

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
        return asdict(self)


SECTIONS = {"articles": Articles, "headlines": Headlines, "pairs": Pairs, "split": Split}


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
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not valid TOML: {error}") from None
    for name, kind in SECTIONS.items():
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


def _problems(spec: Spec) -> list[str]:
    """What is well formed but cannot be built."""
    problems = []
    if not spec.categories:
        problems.append("[categories] is empty; name each category and its pair counts")
    for name, quota in spec.categories.items():
        for subset in SUBSETS:
            count = getattr(quota, subset)
            if count < 0 or count % 2:
                problems.append(f"{name!r}: {subset} = {count}; wanted an even count, since exactly half is inverted")
        if not any(asdict(quota).values()):
            problems.append(f"{name!r}: asks for no pairs at all; give it a count or leave it out")
    if not spec.seed:
        problems.append("seed is empty; any text will do, and a different text gives a different set")
    if spec.articles.min_side < 1 or spec.articles.min_steps < 2 or spec.pairs.per_article < 0:
        problems.append("min_side must be at least 1, min_steps at least 2, per_article at least 0")
    if min(asdict(spec.split).values()) < 0:
        problems.append("[split] shares must not be negative")
    return problems
