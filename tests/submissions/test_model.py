"""The order model, its checkpoint, and the numbers that the paper's figures fix."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from harness.serve import Pair
from submissions.shared.baselines import BASELINES
from submissions.shared.checkpoint import read_record
from submissions.shared.model import EncodedBatch, OrderModel, load, pad
from submissions.shared.predictor import check_baseline
from submissions.shared.settings import RecipeError

PUBLISHED = {
    "clip": 151.28,
    "blip": 223.74,
    "vit_roberta": 211.04,
}  # millions of parameters, head included: the paper's Table 2


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_full_size_model_has_the_published_number_of_parameters(name: str) -> None:
    with torch.device("meta"):
        model = OrderModel(name, "vision+text", BASELINES[name].full_size())
    count = sum(parameter.numel() for parameter in model.parameters())
    assert round(count / 1e6, 2) == PUBLISHED[name]


@pytest.mark.parametrize(("modality", "width"), [("vision+text", 1536), ("vision", 1536), ("text", 512)])
def test_the_head_reads_the_text_and_both_pictures_of_clip(modality: str, width: int) -> None:
    with torch.device("meta"):
        model = OrderModel("clip", modality, BASELINES["clip"].full_size())
    assert model.head.weight.shape == (2, width)


def pairs_with(images: tuple[str, str] | None, headlines: tuple[str, str] | None) -> list[Pair]:
    return [Pair("q", "How to Make Bread", headlines, images)]


def test_exchanging_the_pictures_exchanges_their_vectors(trained: Path, data: Path) -> None:
    first, second = (str(path) for path in sorted((data / "test/images").rglob("*.png"))[:2])
    model = load(trained / "vision", "vision")
    with torch.inference_mode():
        one = model(model.encode(pairs_with((first, second), None)))
        two = model(model.encode(pairs_with((second, first), None)))
    assert one.pictures is not None
    assert two.pictures is not None
    torch.testing.assert_close(one.pictures[0, 0], two.pictures[0, 1])
    torch.testing.assert_close(one.text, two.text)
    assert not torch.allclose(one.logits, two.logits)


def test_padding_does_not_change_an_answer(trained: Path) -> None:
    model = load(trained / "text", "text")
    alone = model.encode(pairs_with(None, ("Mix the bread.", "Bake the bread.")))
    beside = [Pair("long", "How to Make Bread", ("Mix the bread " * 9, "Bake."), None)]
    together = model.encode([*pairs_with(None, ("Mix the bread.", "Bake the bread.")), *beside])
    with torch.inference_mode():
        torch.testing.assert_close(model(alone).logits[0], model(together).logits[0], atol=1e-5, rtol=1e-5)


def test_a_mask_marks_where_tokens_stand() -> None:
    ids, mask = pad([[5, 6, 7], [8]], padding=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_a_sure_answer_stays_a_probability(trained: Path) -> None:
    model = load(trained / "text", "text")
    with torch.inference_mode():
        model.head.bias.copy_(torch.tensor([-40.0, 40.0]))
        output = model(EncodedBatch(*pad([[0, 5, 1]], 1), None))
    assert 0.5 < output.p_in_order.item() <= 1.0


def test_a_checkpoint_of_another_modality_is_refused(trained: Path) -> None:
    with pytest.raises(RecipeError, match=r"a checkpoint of modality text, wanted vision"):
        load(trained / "text", "vision")


def test_a_missing_checkpoint_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="`wikiorder finetune` makes one"):
        load(tmp_path, "text")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.safetensors", b"cut short", "no usable checkpoint of CLIPModel"),
        ("head.safetensors", b"cut short", "no head that fits this model"),
        ("recipe.json", b"{", "not valid JSON"),
        ("recipe.json", b'{"format": 1, "baseline": "gpt"}', "not the record of a checkpoint of this recipe"),
        ("tokenizer.json", None, "is no checkpoint of ClipEncoders"),
        ("tokenizer.json", b"{", "tokenizer.json: not valid JSON"),
        ("tokenizer.json", b"{}", "wanted a JSON object with 'model'"),
        ("preprocessor_config.json", b"[]", "wanted a JSON object with 'image_mean'"),
        ("config.json", None, "no config.json in it"),
        ("config.json", b"[]", "wanted a JSON object of options"),
        ("config.json", b"{}", "its weights have other shapes than its config.json says"),
    ],
)
def test_a_broken_checkpoint_is_told_in_one_line(
    trained: Path, tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    broken = tmp_path / "text"
    shutil.copytree(trained / "text", broken)
    (broken / file).unlink()
    if content is not None:
        (broken / file).write_bytes(content)
    with pytest.raises(RecipeError, match=message) as error:
        load(broken, "text")
    assert "\n" not in str(error.value)


def test_a_head_of_another_width_is_refused(trained: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "text"
    shutil.copytree(trained / "text", foreign)
    shutil.copy(trained / "vision/head.safetensors", foreign)
    with pytest.raises(RecipeError, match="no head that fits this model"):
        load(foreign, "text")


def test_another_baselines_checkpoint_is_refused_in_its_place(trained: Path, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    shutil.copytree(trained / "text", shipped)
    check_baseline(trained / "text", shipped)
    record = json.loads((shipped / "recipe.json").read_text(encoding="utf-8"))
    (shipped / "recipe.json").write_text(json.dumps({**record, "baseline": "blip"}), encoding="utf-8")
    with pytest.raises(RecipeError, match="text: a checkpoint of clip, wanted one of blip"):
        check_baseline(trained / "text", shipped)


def test_everybody_may_read_a_checkpoint_and_it_says_what_it_was_trained_on(trained: Path, data: Path) -> None:
    for path in trained.rglob("*"):
        assert path.stat().st_mode & 0o044 == 0o044, path
    record = json.loads((trained / "vision_text/recipe.json").read_text(encoding="utf-8"))
    assert record["pairs"] == {"train": 240, "validation": 60}
    assert record["settings"]["learning_rate"] == 1e-3
    assert set(record["data"]) == {"train", "validation"}


def test_a_record_is_written_again_in_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    read_record(trained / "vision_text").write(tmp_path)
    assert (tmp_path / "recipe.json").read_bytes() == (trained / "vision_text/recipe.json").read_bytes()


def test_a_record_of_an_older_release_gets_the_defaults_of_newer_settings() -> None:
    record = read_record(Path(__file__).parents[2] / "submissions/clip/weights/text")
    assert record.execution is None
    assert (record.settings.frozen_pictures, record.settings.fast) == (False, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modality": "sound"}, "modality 'sound', wanted one of vision"),
        ({"best_epoch": -1}, "best_epoch -1, wanted a whole number from 0"),
        ({"validation_accuracy": 1.5}, r"validation_accuracy 1\.5, wanted a number in \[0, 1\]"),
        ({"data": {"train": "0"}}, "wanted an object with train and validation"),
        ({"settings": {"batch": "4"}}, "settings.batch '4', wanted int"),
        ({"settings": {"depth": 4}}, "unknown field settings.depth"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"format": 2}, "format 2, wanted 1"),
    ],
)
def test_a_field_that_is_wrong_is_named(trained: Path, tmp_path: Path, change: dict[str, object], message: str) -> None:
    record = json.loads((trained / "text/recipe.json").read_text(encoding="utf-8"))
    (tmp_path / "recipe.json").write_text(json.dumps(record | change), encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        read_record(tmp_path)
