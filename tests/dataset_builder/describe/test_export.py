"""Parquet that the library `datasets` opens without our help."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from dataset_builder.describe import export
from tests.dataset_builder import shipped


def test_datasets_opens_it_with_the_papers_fields_and_decoded_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    export.write_parquet(shipped.frozen(), tmp_path / "set.parquet")
    files = str(tmp_path / "set.parquet")
    opened = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert opened.column_names == ["Idx", "Title", "Headlines", "Label", "images", "Category", "PairId"]
    assert opened.features["Label"].names == ["out of order", "in order"]
    for index in (0, 399):
        pair, answer, row = shipped.frozen().questions[index], shipped.frozen().truths[index], opened[index]
        assert (row["Idx"], row["Title"], row["PairId"]) == (index, pair.title, pair.pair_id)
        assert row["Headlines"] == [pair.first.headline, pair.second.headline]
        assert row["Label"] == answer.label
        with Image.open(shipped.frozen().picture(pair.second)) as wanted:
            assert (np.asarray(row["images"][1].convert("RGB")) == np.asarray(wanted.convert("RGB"))).all()


def test_a_hidden_set_is_exported_without_its_labels(tmp_path: Path) -> None:
    from pyarrow import parquet

    public = shipped.frozen()
    hidden = replace(
        public,
        manifest=msgspec.structs.replace(public.manifest, visibility="hidden"),
        questions=public.questions[:4],
        truths=public.truths[:4],
    )
    export.write_parquet(hidden, tmp_path / "set.parquet")
    table = parquet.read_table(tmp_path / "set.parquet")
    assert table.num_rows == 4
    assert "Label" not in table.column_names
    assert b"Label" not in table.schema.metadata[b"huggingface"]
