"""The card and the Croissant metadata that are frozen with a set: right for people, valid for machines."""

import json
from pathlib import Path

import mlcroissant
import pytest

from dataset_builder.describe import metadata
from harness.contract import decoding, files, frozen_set
from harness.contract import shipped as shipping
from harness.contract.frozen_set import Manifest
from tests.dataset_builder import shipped
from tests.dataset_builder.crawls import spec


def manifest(visibility: str = "public") -> Manifest:
    details = {
        "licence": "CC0-1.0",
        "contamination_guid": "guid-1",
        "spec": decoding.to_json(spec("[articles]\nmin_side = 9")),
    }
    return Manifest("small", "2.1", "test", visibility, {"Cooking": 1200, "Sewing": 34}, details)


def test_a_card_states_counts_licence_and_the_line_that_betrays_contamination() -> None:
    text = metadata.card(manifest())
    assert "| Cooking | 1,200 |\n| Sewing | 34 |\n| **all** | **1,234** |" in text
    assert "Licence: CC0-1.0." in text
    assert "`guid-1`" in text
    assert "least 9 pixels" in text


def test_the_front_matter_is_what_dataset_hubs_read() -> None:
    lines = metadata.card(manifest()).split("---\n")[1].splitlines()
    values = {key: json.loads(value) for key, value in (line.split(": ", 1) for line in lines)}
    assert values["pretty_name"] == "small 2.1, test"
    assert values["license_name"] == "CC0-1.0"
    assert values["size_categories"] == ["1K<n<10K"]


@pytest.mark.parametrize("subset", frozen_set.SUBSETS)
def test_the_shipped_sample_described_again_has_the_same_header(subset: str) -> None:
    """The card is under the digest of a set: another order of its header would be another set."""
    root = shipping.sample() / subset
    cards = metadata.card(frozen_set.load(root).manifest), (root / "README.md").read_text(encoding="utf-8")
    (described, shown) = (card.split("---\n")[1] for card in cards)
    assert described == shown


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # mlcroissant's, about rdflib's
def test_croissant_validates_and_yields_the_questions_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shipped.ROOT)
    described = mlcroissant.Dataset("croissant.json")
    assert not described.metadata.ctx.issues.errors
    question = next(iter(described.records("questions")))
    written = next(files.read_json_lines(Path("questions.jsonl")))[1]
    assert question["questions/pair_id"].decode() == written["pair_id"]
    assert [image.decode() for image in question["questions/images"]] == [step["image"] for step in written["steps"]]
    answer = next(iter(described.records("answers")))
    assert answer["answers/label"] in (0, 1)


def test_metadata_of_a_hidden_set_does_not_speak_of_its_answers(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text("{}\n")
    found = metadata.croissant(manifest("hidden"), tmp_path)
    assert "answers" not in decoding.json_page(found)
    assert [table.id for table in found.distribution] == ["questions.jsonl", "images"]
    assert found.version == "2.1.0"
