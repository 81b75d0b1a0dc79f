"""The spec: a TOML file that decides everything about a set except its raw data and its release key.

    name = "wikiorder"
    version = "1"
    seed = "any text"          # every random choice is ranked by a hash keyed with it
    [articles]                 # which articles may enter
    min_side = 224
    [categories]               # pairs to draw
    "Travel" = { train = 2500, validation = 1000, test = 1000 }

The tables and their defaults are the classes below. `specs/wikiorder-v1.toml` is the paper's.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args, get_origin

from msgspec import UNSET, UnsetType, structs

from harness.contract import decoding
from harness.contract.decoding import Record
from harness.contract.frozen_set import SUBSETS
from harness.errors import InputError

SHIPPED = Path(__file__).parent / "specs"
NAME, VERSION = "[a-z0-9][a-z0-9-]{0,63}", r"[0-9]+(\.[0-9]+)*"  # as a manifest requires them
# Kept as it is written: a whole number stays one, so that the manifest repeats the spec to the byte.
SpecNumber = int | float


class ArticleRules(Record, frozen=True, kw_only=True):
    """Which articles may enter. One step that falls short drops its whole article, as in the paper.

    min_side: pixels of a picture's shorter side. min_steps: an article needs two to make a pair.
    """

    min_side: int = 224
    min_steps: int = 2


class PictureRules(Record, frozen=True, kw_only=True):
    """reencode: encode every picture again with the same settings, if the audit finds clues in file size or coding."""

    reencode: bool = False


class HeadlineRules(Record, frozen=True, kw_only=True):
    """How headlines and titles become plain text.

    scrub_ordinals: remove "Step 3:" and "Finally," from headlines, since they state the order. markup: decode entities
    and remove tags, Markdown and invisible characters ("strip", the default), or leave them ("keep").
    """

    scrub_ordinals: bool = True
    markup: Literal["strip", "keep"] | UnsetType = UNSET


class DuplicateRules(Record, frozen=True, kw_only=True):
    """Which articles must go to the same subset.

    titles: those with near-identical titles. similar: those with similar pictures: hashes at most `distance` of 64 bits
    apart and small copies at most `difference` of 255 apart on average (measured on screenshots: below 6, the same
    screen with another mark on it; above, other screens); if false, only the same bytes count. max_articles: a picture
    that more articles show links none of them. max_share: a group above this share of a category is refused.
    """

    titles: bool = True
    similar: bool = True
    distance: int = 4
    difference: SpecNumber = 6.0
    max_articles: int = 5
    max_share: SpecNumber = 0.1


class PairRules(Record, frozen=True, kw_only=True):
    """How pairs are drawn.

    per_article: maximum number of pairs per article; 0 is no limit. within_method: never pair steps of two methods.
    balance: an article stratum whose values get equal quotas and exactly half of each label; empty for none. draw:
    "even" (the default) spreads the quota over articles; "random" draws from all pairs of a category with equal chance.
    """

    per_article: int = 0
    within_method: bool = False
    balance: str = ""
    draw: Literal["even", "random"] | UnsetType = UNSET


class AuditRules(Record, frozen=True, kw_only=True):
    """printed: an audit fails if any probe shows an accuracy above this over all pairs, or in one category."""

    printed: SpecNumber = 0.9


class SubsetNumbers(Record, frozen=True, kw_only=True):
    """One number for each subset."""

    train: SpecNumber
    validation: SpecNumber
    test: SpecNumber

    def by_subset(self) -> dict[str, SpecNumber]:
        """Return the numbers by subset."""
        return {subset: getattr(self, subset) for subset in SUBSETS}


class Split(SubsetNumbers, frozen=True, kw_only=True):
    """Shares of a category's articles; if all are 0, articles are split in proportion to pairs, as in the paper."""

    train: SpecNumber = 0.0
    validation: SpecNumber = 0.0
    test: SpecNumber = 0.0


class Quota(SubsetNumbers, frozen=True, kw_only=True):
    """Number of pairs that a category gives to each subset."""

    train: int
    validation: int
    test: int


class Spec(Record, frozen=True, kw_only=True):
    """A whole spec, checked. `licence` is the data's, in words; it goes into the manifest.

    canaries: number of canaries that a set with a release key gets in addition to its test pairs.
    """

    name: str
    version: str
    seed: str
    categories: dict[str, Quota]
    licence: str = ""
    canaries: int = 400
    articles: ArticleRules = ArticleRules()
    headlines: HeadlineRules = HeadlineRules()
    duplicates: DuplicateRules = DuplicateRules()
    pairs: PairRules = PairRules()
    split: Split = Split()
    pictures: PictureRules | UnsetType = UNSET
    audit: AuditRules | UnsetType = UNSET
    aliases: dict[str, str] | UnsetType = UNSET  # names of a crawl's categories, and the spec's names for them

    @property
    def printed(self) -> float:
        """The accuracy of any probe above which the order counts as printed in the pairs."""
        return (self.audit or AuditRules()).printed

    def category_names(self) -> dict[str, str]:
        """Return the spec's category by every folded name that it goes by."""
        names = {fold(alias): name for alias, name in (self.aliases or {}).items()}
        return names | {fold(name): name for name in self.categories}

    @property
    def key(self) -> bytes:
        """The public key of every choice that anybody may repeat."""
        return self.seed.encode()

    def quota(self, category: str, subset: str) -> int:
        """Return the number of pairs of one category in one subset."""
        return int(self.categories[category].by_subset()[subset])

    def shares(self, category: str) -> dict[str, float]:
        """Return the share of a category's articles that goes to each subset; the shares sum to 1."""
        given = self.split.by_subset()
        if not any(given.values()):
            given = self.categories[category].by_subset()
        total = sum(given.values())
        return {subset: given[subset] / total for subset in SUBSETS}


TABLES: dict[str, type[Record]] = {
    "articles": ArticleRules,
    "headlines": HeadlineRules,
    "pictures": PictureRules,
    "duplicates": DuplicateRules,
    "pairs": PairRules,
    "split": Split,
    "audit": AuditRules,
}
SCALARS: dict[object, type] = {int: int, float: float, str: str, bool: bool, SpecNumber: float}
PLACEHOLDER_ROW: dict[str, object] = {"train": 2, "validation": 2, "test": 2}
PLACEHOLDERS: dict[str, object] = {"name": "x", "version": "1", "seed": "x"}  # for what a faulty spec lacks


def fold(name: str) -> str:
    """Return a category's name for comparison: without case, and with every kind of space as one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def load(name: str) -> Spec:
    """Return a spec by path, or by the name of one that ships.

    Raises:
        InputError: there is no such spec, or it is not valid.
    """
    path = Path(name)
    if not path.is_file():
        path = SHIPPED / f"{name}.toml"
    if not path.is_file():
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise InputError(f"spec {name!r}: no such file, and no spec of that name ships; shipped are {shipped}")
    try:
        return parse(path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; wanted a TOML spec") from None


def parse(text: str, where: str) -> Spec:
    """Return the spec in a TOML text.

    Raises:
        InputError: a key is unknown, missing or out of range; the message names it.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid TOML: {error}") from None
    table.setdefault("categories", {})
    faults = [
        fault for name, kind in TABLES.items() for fault in _table_faults(kind, table.get(name, {}), f"[{name}]: ")
    ]
    rows = table["categories"] if isinstance(table["categories"], dict) else {}
    faults += [fault for name, row in rows.items() for fault in _table_faults(Quota, row, f"[categories] {name!r}: ")]
    faults += _table_faults(Spec, table, "")
    try:
        spec = decoding.convert(Spec, _sound_part(table) if faults else table, where)
    except InputError as error:
        _refuse([*faults, str(error).removeprefix(f"{where}: ")], where)
        raise
    _refuse([*faults, *_problems(spec)], where)
    return spec


def _sound_part(table: Mapping[str, object]) -> dict[str, object]:
    """Return a table without its faults, with placeholders for what it lacks, so that the rest can be checked."""
    kept = _without_faults(Spec, table)
    for name, kind in TABLES.items():
        if name in kept:
            kept[name] = _without_faults(kind, kept[name])
    rows = kept.get("categories")
    named = rows if isinstance(rows, dict) else {"x": None}
    return PLACEHOLDERS | kept | {"categories": {name: PLACEHOLDER_ROW | _row(row) for name, row in named.items()}}


def _row(row: object) -> dict[str, object]:
    return {} if list(_table_faults(Quota, row, "")) else _without_faults(Quota, row)


def _without_faults(kind: type[Record], table: object) -> dict[str, object]:
    """Return the keys of a table that the record has, with values of the right type; none if it is no table."""
    fields = {field.name: field for field in structs.fields(kind)}
    rows = table if isinstance(table, dict) else {}
    return {key: found for key, found in rows.items() if not _key_fault(fields, key, found)}


def _refuse(faults: Sequence[str], where: str) -> None:
    """Raise one error for all faults."""
    if len(faults) == 1:
        raise InputError(f"{where}: {faults[0]}")
    if faults:
        raise InputError(f"{where}: {len(faults)} faults: {'; '.join(faults)}")


def _table_faults(kind: type[Record], table: object, where: str) -> Iterator[str]:
    """Yield each unknown key, missing key or value of the wrong type, with a suggestion."""
    if not isinstance(table, dict):
        yield f"{where}found {table!r}, wanted a table"
        return
    fields = {field.name: field for field in structs.fields(kind)}
    yield from (f"{where}{fault}" for key, found in table.items() if (fault := _key_fault(fields, key, found)))
    for name, field in fields.items():
        if field.required and name not in table:
            yield f"{where}{name} is missing"


def _key_fault(fields: Mapping[str, structs.FieldInfo], key: str, found: object) -> str:
    """Return the fault of one key, if it is unknown or its value has the wrong type; empty if there is none."""
    if key not in fields:
        near = get_close_matches(key, fields, n=3) or sorted(fields)
        return f"unknown key {key!r}; did you mean {' or '.join(near)}?"
    kind = fields[key].type
    wanted = SCALARS.get(kind)
    if wanted and type(found) is not wanted and not (wanted is float and type(found) is int):
        return f"{key} = {found!r}; wanted {wanted.__name__}"
    choices = [choice for part in get_args(kind) if get_origin(part) is Literal for choice in get_args(part)]
    return f"{key} = {found!r}; wanted {' or '.join(choices)}" if choices and found not in choices else ""


def _problems(spec: Spec) -> Iterator[str]:
    """Yield the reasons why a well-formed spec cannot be built."""
    for name, quota in spec.categories.items():
        counts = quota.by_subset()
        for subset, count in counts.items():
            if count < 0 or count % 2:
                yield f"{name!r}: {subset} = {count}; wanted an even count, since exactly half is inverted"
        if not any(counts.values()):
            yield f"{name!r}: asks for no pairs at all; give it a count or leave it out"
    folded: dict[str, str] = {}
    for name in spec.categories:
        if (other := folded.setdefault(fold(name), name)) != name:
            yield f"{other!r} and {name!r} differ in case or spaces alone; give one category"
    for alias, name in (spec.aliases or {}).items():
        if name not in spec.categories:
            yield f"[aliases] {alias!r} = {name!r}: wanted one of the names in [categories]"
    yield from (words for holds, words in BOUNDS if not holds(spec))


BOUNDS: tuple[tuple[Callable[[Spec], bool], str], ...] = (
    (lambda spec: bool(spec.categories), "[categories] is empty; name each category and its pair counts"),
    (lambda spec: re.fullmatch(NAME, spec.name) is not None, f"name must fit {NAME}, such as my-set"),
    (lambda spec: re.fullmatch(VERSION, spec.version) is not None, f"version must fit {VERSION}, such as 1.2"),
    (lambda spec: bool(spec.seed), "seed is empty; give any text: another text gives another set"),
    (lambda spec: spec.canaries >= 0, "canaries must be 0 or more"),
    (lambda spec: spec.articles.min_side >= 1, "[articles] min_side must be at least 1 pixel"),
    (lambda spec: spec.articles.min_steps >= 2, "[articles] min_steps must be at least 2"),
    (lambda spec: spec.pairs.per_article >= 0, "[pairs] per_article must be 0 (no limit) or more"),
    (lambda spec: 0 <= spec.duplicates.distance <= 16, "[duplicates] distance must lie in 0 to 16"),
    (lambda spec: 0 < spec.duplicates.max_share <= 1, "[duplicates] max_share must lie above 0 and up to 1"),
    (lambda spec: 0.5 < spec.printed <= 1, "[audit] printed must lie above 0.5 and up to 1"),
    (
        lambda spec: all(0 <= share < math.inf for share in spec.split.by_subset().values()),
        "[split] shares must not be negative or infinite",
    ),
)
