"""Export a frozen set as one Parquet file that `datasets.load_dataset("parquet", data_files=...)` opens and decodes.

The paper's fields are Idx, Title, Headlines (two), Label (1 in order, 0 out of order; only of a public set) and images
(two). Idx is the number of the row, from 0; Category and PairId identify the pair in the set. Rows keep its order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from msgspec import UNSET, UnsetType, field

from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.records import StepPair

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 256  # in memory at a time


class ColumnFeature(Record, frozen=True, kw_only=True):
    """The type of one column as the library `datasets` reads it from the file's metadata, in this order of fields."""

    dtype: str | UnsetType = UNSET
    feature: ColumnFeature | UnsetType = UNSET
    length: int | UnsetType = UNSET
    names: list[str] | UnsetType = UNSET
    kind: Literal["Value", "Sequence", "ClassLabel", "Image"] = field(name="_type")


TEXT = ColumnFeature(dtype="string", kind="Value")
FEATURES = {
    "Idx": ColumnFeature(dtype="int64", kind="Value"),
    "Title": TEXT,
    "Headlines": ColumnFeature(feature=TEXT, length=-1, kind="Sequence"),
    "Label": ColumnFeature(names=["out of order", "in order"], kind="ClassLabel"),
    "images": ColumnFeature(feature=ColumnFeature(kind="Image"), length=-1, kind="Sequence"),
    "Category": TEXT,
    "PairId": TEXT,
}


class EmbeddedPicture(TypedDict):
    """A picture inside the file: its bytes, and its name in the set."""

    bytes: bytes
    path: str


class ExportedPair(TypedDict):
    """One row of the file."""

    Idx: int
    Title: str
    Headlines: list[str]
    Label: int
    images: list[EmbeddedPicture]
    Category: str
    PairId: str


def columns(frozen: FrozenSet) -> list[str]:
    """Return the names of the columns. The label is left out if the answers are hidden."""
    return [name for name in FEATURES if name != "Label" or frozen.manifest.visibility == "public"]


def write_parquet(frozen: FrozenSet, out: Path) -> None:
    """Write the set to the file `out`."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(columns(frozen))
    rows = _rows(frozen)
    with files.arriving(out) as partial, parquet.ParquetWriter(partial, schema) as writer:
        while batch := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _schema(names: list[str]) -> pa.Schema:
    import pyarrow as pa

    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    kinds = {"Idx": pa.int64(), "Label": pa.int64(), "Headlines": pa.list_(pa.string()), "images": pa.list_(picture)}
    features = json.dumps({"info": {"features": {name: decoding.to_json(FEATURES[name]) for name in names}}})
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names], metadata={"huggingface": features})


def _rows(frozen: FrozenSet) -> Iterator[ExportedPair]:
    for index, (pair, truth) in enumerate(zip(frozen.questions, frozen.truths, strict=True)):
        yield ExportedPair(
            Idx=index,
            Title=pair.title,
            Headlines=[pair.first.headline, pair.second.headline],
            Label=truth.label,
            images=_pictures(frozen, pair),
            Category=pair.category,
            PairId=pair.pair_id,
        )


def _pictures(frozen: FrozenSet, pair: StepPair) -> list[EmbeddedPicture]:
    return [
        EmbeddedPicture(bytes=frozen.picture(step).read_bytes(), path=Path(step.image).name)
        for step in (pair.first, pair.second)
    ]
