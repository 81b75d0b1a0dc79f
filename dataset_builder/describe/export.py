"""A frozen set as one Parquet file that `datasets.load_dataset("parquet", data_files=...)` opens, pictures decoded.

    Idx, Title, Headlines (two), Label (1 in order, 0 out of order; only of a public set), images (two)

are the paper's fields; Category and PairId lead back to the set. Rows keep the set's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contract import files
from harness.contract.frozen_set import FrozenSet
from harness.records import StepPair

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 256  # in memory at a time

TEXT = {"dtype": "string", "_type": "Value"}
FEATURES: dict[str, Any] = {  # as the library `datasets` reads them from the file's metadata
    "Idx": {"dtype": "int64", "_type": "Value"},
    "Title": TEXT,
    "Headlines": {"feature": TEXT, "length": -1, "_type": "Sequence"},
    "Label": {"names": ["out of order", "in order"], "_type": "ClassLabel"},
    "images": {"feature": {"_type": "Image"}, "length": -1, "_type": "Sequence"},
    "Category": TEXT,
    "PairId": TEXT,
}


def columns(frozen: FrozenSet) -> list[str]:
    """The label is left out where the answers are hidden."""
    return [name for name in FEATURES if name != "Label" or frozen.manifest.visibility == "public"]


def write_parquet(frozen: FrozenSet, out: Path) -> None:
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
    features = json.dumps({"info": {"features": {name: FEATURES[name] for name in names}}})
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names], metadata={"huggingface": features})


def _rows(frozen: FrozenSet) -> Iterator[dict[str, Any]]:
    for index, (pair, answer) in enumerate(zip(frozen.questions, frozen.truths, strict=True)):
        yield {
            "Idx": index,
            "Title": pair.title,
            "Headlines": [pair.first.headline, pair.second.headline],
            "Label": answer.label,
            "images": _pictures(frozen, pair),
            "Category": pair.category,
            "PairId": pair.pair_id,
        }


def _pictures(frozen: FrozenSet, pair: StepPair) -> list[dict[str, Any]]:
    return [
        {"bytes": frozen.picture(step).read_bytes(), "path": Path(step.image).name}
        for step in (pair.first, pair.second)
    ]
