"""The published JSON Schemas: generated from the types, and true of what we write, by another validator."""

from __future__ import annotations

import json

import pytest

from harness.contract import decoding
from harness.contract.frozen_set import FrozenSet
from harness.contract.published_schemas import FOLDER, TYPES, generate
from tests import bundles, schemas
from tests.sets import tiny_set


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_on_disk_is_the_one_that_the_type_gives(name: str) -> None:
    stored = (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert stored == decoding.json_page(generate(name)), "run `python -m harness.contract.published_schemas`"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"))


def test_a_frozen_set_fits_the_schemas(frozen: FrozenSet) -> None:
    schemas.check(json.loads((frozen.root / "manifest.json").read_bytes()), "manifest")
    for name, kind in (("questions.jsonl", "question"), ("answers/answers.jsonl", "ground_truth")):
        for line in (frozen.root / name).read_text(encoding="utf-8").splitlines():
            schemas.check(json.loads(line), kind)


def test_a_bundle_fits_the_schemas(frozen: FrozenSet, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = bundles.write(tmp_path_factory.mktemp("results"), frozen, "model")
    for name in ("result", "timings"):
        schemas.check(json.loads((root / f"{name}.json").read_bytes()), name)
    for name, kind in (("articles.jsonl", "article_count"), ("predictions.jsonl", "prediction")):
        for line in (root / name).read_text(encoding="utf-8").splitlines():
            schemas.check(json.loads(line), kind)
