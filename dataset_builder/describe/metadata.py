"""Metadata files of a frozen set: README.md, the dataset card, and croissant.json (MLCommons Croissant 1.0).

They describe the set to people and programs that do not have this software. The set's manifest is their only source,
besides the digests of its tables. Croissant: https://docs.mlcommons.org/croissant/docs/
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from dataset_builder.spec import Spec
from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.contract.frozen_set import Manifest

CARD, CROISSANT = "README.md", "croissant.json"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
QUESTIONS, ANSWERS, PICTURES = "questions.jsonl", "answers/answers.jsonl", "images"
TAGS = ["step order", "how-to", "multimodal", "benchmark"]


class SetDetails(Record, frozen=True, kw_only=True):
    """`details` of a set's manifest. Only a hidden set has canaries and a release key (its fingerprint).

    contamination_guid: a text that contains it was made from this set. canaries: number of canary pairs.
    canary_articles: number of articles that are canaries as a whole; absent from sets of earlier releases, in which
    each canary is a coin by itself.
    """

    contamination_guid: str
    licence: str
    spec: Spec
    canaries: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    canary_articles: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    release_key: str | UnsetType = UNSET


def read_details(manifest: Manifest) -> SetDetails:
    """Return the details of a set's manifest, typed."""
    return decoding.convert(SetDetails, manifest.details, f"{set_title(manifest)}: details")


def describe(manifest: Manifest, root: Path) -> dict[str, str]:
    """Return the name and text of each metadata file of the set in `root`, whose tables are written already."""
    return {CARD: card(manifest), CROISSANT: decoding.json_page(croissant(manifest, root))}


def set_title(manifest: Manifest) -> str:
    """Return name, version and subset, as people read them."""
    return f"{manifest.name} {manifest.version}, {manifest.subset}"


def _licence(details: SetDetails) -> str:
    return details.licence or "not stated; ask the maintainer"


TEXT = """\
{head}
# {title}

{pairs:,} questions of step order. Each shows the title of a how-to article and two of its steps, each a picture and a
headline, and asks: do they stand in the order in which the article has them? Label 1 is in order, 0 is out of order;
exactly half of every category is out of order, so chance is 0.5.

Pictures and headlines are no captions of each other; a model has to use both.

## Files

| file | holds |
| --- | --- |
| `questions.jsonl` | `pair_id`, `category`, `title`, `steps`: two of `headline`, `image` |
| `images/` | the pictures, each named by the SHA-256 of its content |
| `answers/answers.jsonl` | `pair_id`, `label`, `article_id`, `positions` in the article, `strata`{hidden} |
| `manifest.json` | name, version, counts, and the spec that the set was built by |
| `croissant.json` | the same for machines: MLCommons Croissant |
| `SHA256SUMS` | every file; `sha256sum --check SHA256SUMS` says whether the set is whole |

The digest of the set is the SHA-256 of `SHA256SUMS`. A result names it, so that two results are of the same questions.

## Categories

| category | pairs |
| --- | ---: |
{categories}
| **all** | **{pairs:,}** |

## How it was made

* An article enters with all of its steps or not at all: each needs a headline and a picture whose shorter side has at
  least {min_side} pixels.
* Articles that share a picture or a title go to the same of train, validation and test.
* Pairs are unordered, unique, and spread evenly over the articles.
* What would give the order away is gone: file names, metadata, times, step numbers in headlines, the order of the rows.
* No choice came from a random generator: each is ranked by a keyed hash (seed `{seed}`), so that anybody with the same
  articles builds the same bytes.

## Known limits

* Not every pair has one true order: writers list some steps in any order. Ask people before reading much into the last
  percent (`wikiorder dataset sheet`).
* The articles are in the language, and show the ways, of those who wrote them.

## Licence and contamination

{licence} Please do not train on the test subset, and keep this line out of training corpora:
`{guid}` (a text that holds it has seen this set).
"""


def card(manifest: Manifest) -> str:
    """Return the dataset card of a set."""
    details, pairs = read_details(manifest), sum(manifest.counts.values())
    return TEXT.format(
        head=_front_matter(manifest, details, pairs),
        title=set_title(manifest),
        pairs=pairs,
        hidden=" (kept back by the maintainer)" if manifest.visibility == "hidden" else "",
        categories="\n".join(f"| {name} | {count:,} |" for name, count in manifest.counts.items()),
        min_side=details.spec.articles.min_side,
        seed=details.spec.seed,
        licence=f"Licence: {_licence(details)}.",
        guid=details.contamination_guid,
    )


class CardHeader(Record, frozen=True, kw_only=True):
    """The YAML block at the head of a card, as dataset hubs read it. Fields are written in this order."""

    pretty_name: str
    license: str
    license_name: str
    task_categories: list[str]
    tags: list[str]
    size_categories: list[str]


def _front_matter(manifest: Manifest, details: SetDetails, pairs: int) -> str:
    """Return the header block. JSON values are YAML values."""
    header = CardHeader(
        pretty_name=set_title(manifest),
        license="other",
        license_name=_licence(details),
        task_categories=["image-text-to-text"],
        tags=TAGS,
        size_categories=[next((name for limit, name in SIZES if pairs < limit), "n>1M")],
    )
    values = decoding.to_json(header)  # sorted by name
    rows = [f"{key}: {decoding.json_line({'': values[key]})[4:-2]}\n" for key in header.__struct_fields__]
    return "---\n" + "".join(rows) + "---\n"


TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes "
    "isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "separator source subField transform"
)
CONTEXT: dict[str, str | dict[str, str]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "conformsTo": "dct:conformsTo",
    **{term: f"cr:{term}" for term in TERMS.split()},
}


class CroissantId(Record, frozen=True):
    """A reference to another node, by its id."""

    id: str = field(name="@id")


class CroissantTable(Record, frozen=True, kw_only=True):
    """A file of JSON lines, with its digest."""

    type: Literal["cr:FileObject"] = field(name="@type", default="cr:FileObject")
    id: str = field(name="@id")
    name: str
    url: str = field(name="contentUrl")
    encoding: str = field(name="encodingFormat", default="application/jsonlines")
    sha256: str


class CroissantPictures(Record, frozen=True, kw_only=True):
    """The folder of pictures."""

    type: Literal["cr:FileSet"] = field(name="@type", default="cr:FileSet")
    id: str = field(name="@id", default=PICTURES)
    name: str = PICTURES
    description: str = "Each picture is named by the SHA-256 of its content."
    encodings: tuple[str, ...] = field(name="encodingFormat", default=("image/jpeg", "image/png", "image/webp"))
    includes: str = f"{PICTURES}/*/*"


class CroissantColumn(Record, frozen=True):
    """The column of a table that a field is read from."""

    column: str


class CroissantPath(Record, frozen=True):
    """The part of a column's value that a field holds."""

    path: str = field(name="jsonPath")


class CroissantOrigin(Record, frozen=True, kw_only=True):
    """Table and column that hold a field's values."""

    table: CroissantId = field(name="fileObject")
    extract: CroissantColumn
    transform: CroissantPath | UnsetType = UNSET


class CroissantReference(Record, frozen=True):
    """A foreign key: the field that this one repeats."""

    target: CroissantId = field(name="field")


class CroissantField(Record, frozen=True, kw_only=True):
    """One field of a record set."""

    type: Literal["cr:Field"] = field(name="@type", default="cr:Field")
    id: str = field(name="@id")
    name: str
    kind: str = field(name="dataType", default="sc:Text")
    source: CroissantOrigin
    repeated: bool | UnsetType = UNSET
    references: CroissantReference | UnsetType = UNSET


class CroissantRecordSet(Record, frozen=True, kw_only=True):
    """The records of one table."""

    type: Literal["cr:RecordSet"] = field(name="@type", default="cr:RecordSet")
    id: str = field(name="@id")
    name: str
    description: str
    key: CroissantId
    fields: list[CroissantField] = field(name="field")


class CroissantSet(Record, frozen=True, kw_only=True):
    """`croissant.json`: the whole set."""

    context: dict[str, str | dict[str, str]] = field(name="@context")
    type: Literal["sc:Dataset"] = field(name="@type", default="sc:Dataset")
    conforms_to: str = field(name="conformsTo", default="http://mlcommons.org/croissant/1.0")
    name: str
    description: str
    version: str
    license: str
    cite_as: str = field(name="citeAs")
    keywords: list[str]
    distribution: list[CroissantTable | CroissantPictures]
    record_sets: list[CroissantRecordSet] = field(name="recordSet")


def croissant(manifest: Manifest, root: Path) -> CroissantSet:
    """Return the Croissant metadata of the set in `root`. That of a hidden set leaves out its answers."""
    public = manifest.visibility == "public"
    tables = [QUESTIONS, ANSWERS] if public else [QUESTIONS]
    return CroissantSet(
        context=CONTEXT,
        name=f"{manifest.name}-{manifest.version}-{manifest.subset}",
        description="Do two steps of a how-to article, each a picture and a headline, stand in their true order?",
        version=".".join([*manifest.version.split("."), "0", "0"][:3]),
        license=_licence(read_details(manifest)),
        cite_as=f"WikiOrder: {set_title(manifest)}",
        keywords=TAGS,
        distribution=[*(_table(root, name) for name in tables), CroissantPictures()],
        record_sets=[_questions(), _answers()] if public else [_questions()],
    )


def _table(root: Path, name: str) -> CroissantTable:
    return CroissantTable(id=name, name=Path(name).name, url=name, sha256=files.sha256(root / name))


def _questions() -> CroissantRecordSet:
    return CroissantRecordSet(
        id="questions",
        name="questions",
        description="One pair of steps a record, as a predictor is asked.",
        key=CroissantId("questions/pair_id"),
        fields=[
            *(_text_field("questions", name, QUESTIONS) for name in ("pair_id", "category", "title")),
            *(_step_field(name) for name in ("headline", "image")),
        ],
    )


def _answers() -> CroissantRecordSet:
    return CroissantRecordSet(
        id="answers",
        name="answers",
        description="Label 1: in order; 0: out of order.",
        key=CroissantId("answers/pair_id"),
        fields=[
            CroissantField(
                id="answers/pair_id",
                name="pair_id",
                source=_column(ANSWERS, "pair_id"),
                references=CroissantReference(CroissantId("questions/pair_id")),
            ),
            CroissantField(id="answers/label", name="label", kind="sc:Integer", source=_column(ANSWERS, "label")),
            _text_field("answers", "article_id", ANSWERS),
        ],
    )


def _text_field(records: str, name: str, table: str) -> CroissantField:
    return CroissantField(id=f"{records}/{name}", name=name, source=_column(table, name))


def _step_field(name: str) -> CroissantField:
    """Return a field that holds two values: of the step shown first and of the step shown second."""
    source = CroissantOrigin(
        table=CroissantId(QUESTIONS), extract=CroissantColumn("steps"), transform=CroissantPath(f"$.{name}")
    )
    return CroissantField(id=f"questions/{name}s", name=f"{name}s", source=source, repeated=True)


def _column(table: str, name: str) -> CroissantOrigin:
    return CroissantOrigin(table=CroissantId(table), extract=CroissantColumn(name))
