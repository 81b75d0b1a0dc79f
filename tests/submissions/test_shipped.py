"""The small checkpoints that ship with the baselines, against the sample's known ceilings."""

import math
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from dataset_builder.commands.sample import sample as draw_sample
from harness.contract import frozen_set, shipped, submission
from harness.records import Modality
from harness.serve import Pair
from submissions.shared.baselines import BASELINES
from submissions.shared.checkpoint import read_record
from submissions.shared.finetuning import sent_pair
from submissions.shared.model import choose_threads, load
from submissions.shared.settings import folder_name
from tests.submissions.predicting import ROOT

SAMPLE = shipped.sample()
CEILINGS = {Modality.VISION_TEXT: 0.875, Modality.VISION: 0.75, Modality.TEXT: 0.75}
WEIGHTS = [ROOT / "submissions" / name / "weights" for name in BASELINES]
MIB = 2**20

sample = cache(frozen_set.load)


@cache
def right(baseline: str, modality: Modality, data: Path = SAMPLE) -> dict[str, list[tuple[str, bool]]]:
    """By kind of article and over "all": of each test pair, its article and whether the shipped model is right."""
    test = sample(data / "test")
    model = load(ROOT / "submissions" / baseline / "weights" / folder_name(modality), modality)
    choose_threads(model)
    outcome: dict[str, list[tuple[str, bool]]] = {"all": []}
    with torch.inference_mode():
        for start in range(0, len(test.questions), 64):
            pairs = []
            for question in test.questions[start : start + 64]:
                pair = sent_pair(question, modality)
                first, second = pair.images or ("", "")
                images = (str(test.root / first), str(test.root / second)) if pair.images else None
                pairs.append(Pair(pair.id, pair.title, pair.headlines, images))
            said = (model(model.encode(pairs)).p_in_order > 0.5).tolist()
            for answer, in_order in zip(test.truths[start : start + 64], said, strict=True):
                row = (answer.article_id, in_order == bool(answer.label))
                outcome["all"].append(row)
                outcome.setdefault(answer.strata["kind"], []).append(row)
    return outcome


def accuracy(rows: list[tuple[str, bool]]) -> tuple[float, float]:
    """The share of right answers, and its standard error clustered by article."""
    share = sum(hit for _, hit in rows) / len(rows)
    residuals: dict[str, float] = {}
    for article, hit in rows:
        residuals[article] = residuals.get(article, 0.0) + hit - share
    clusters = len(residuals)
    variance = sum(value**2 for value in residuals.values()) * clusters / (clusters - 1)
    return share, math.sqrt(variance) / len(rows)


def test_the_clustered_error_is_the_binomial_one_where_each_pair_has_its_own_article() -> None:
    share, error = accuracy([("a", True), ("b", True), ("c", True), ("d", False)])
    assert share == 0.75
    assert error == pytest.approx(0.25)  # sqrt((3 * 1/16 + 9/16) * 4/3) / 4


@pytest.mark.parametrize("weights", WEIGHTS, ids=BASELINES)
def test_shipped_weights_are_those_that_the_manifest_names(weights: Path) -> None:
    manifest = tomllib.loads((weights.parent / "submission.toml").read_text(encoding="utf-8"))["weights"]
    assert submission.folder_digest(weights) == manifest["sha256"]
    assert manifest["source"].startswith(f"wikiorder finetune submissions/{weights.parent.name} ")


@pytest.mark.parametrize("modality", [*Modality])
@pytest.mark.parametrize("weights", WEIGHTS, ids=BASELINES)
def test_shipped_weights_were_trained_on_the_sample_as_it_is(weights: Path, modality: Modality) -> None:
    record = read_record(weights / folder_name(modality))
    assert record.origin.data == {name: sample(SAMPLE / name).digest for name in ("train", "validation")}
    assert record.settings.epochs <= 12


@pytest.mark.parametrize("weights", WEIGHTS, ids=BASELINES)
def test_the_manifest_counts_the_parameters_of_the_shipped_model(weights: Path) -> None:
    manifest = tomllib.loads((weights.parent / "submission.toml").read_text(encoding="utf-8"))
    model = load(weights / folder_name(Modality.VISION_TEXT), Modality.VISION_TEXT)
    assert manifest["parameters"] == sum(parameter.numel() for parameter in model.parameters())


def test_the_nine_checkpoints_are_small() -> None:
    sizes = [path.stat().st_size for weights in WEIGHTS for path in weights.rglob("*") if path.is_file()]
    assert sum(sizes) <= 6 * MIB
    assert max(sizes) <= 2 * MIB


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6,000 pairs of 600 articles on which nothing was trained and no setting chosen."""
    out = tmp_path_factory.mktemp("sets") / "fresh"
    assert CliRunner().invoke(draw_sample, ["--fresh", "unseen", "--words", "sample", "--out", str(out)]).exit_code == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize("modality", [*Modality])
@pytest.mark.parametrize("baseline", BASELINES)
def test_no_model_beats_its_ceiling_and_each_comes_near(baseline: str, modality: Modality, fresh: Path) -> None:
    for data in (SAMPLE, fresh):
        share, error = accuracy(right(baseline, modality, data)["all"])
        assert share - 1.96 * error <= CEILINGS[modality]
        assert share >= CEILINGS[modality] - 0.08


@pytest.mark.slow
@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize(("modality", "blind"), [(Modality.TEXT, "vision"), (Modality.VISION, "text")])
def test_a_modality_tells_nothing_of_pairs_that_the_other_alone_can_order(
    baseline: str, modality: Modality, blind: str, fresh: Path
) -> None:
    """Two one-sided tests at 5 %; the sample itself holds 300 such pairs, too few to tell 0.5 from 0.42."""
    share, error = accuracy(right(baseline, modality, fresh)[blind])
    assert abs(share - 0.5) + 1.645 * error <= 0.08


if __name__ == "__main__":
    asked_of = Path(sys.argv[1]) if sys.argv[1:] else SAMPLE  # such as a fresh draw: `wikiorder dataset sample --fresh`
    for name in BASELINES:
        for chosen in Modality:
            kinds = {kind: accuracy(rows) for kind, rows in sorted(right(name, chosen, asked_of).items())}
            shown = ", ".join(f"{kind} {share:.3f} ± {1.96 * error:.3f}" for kind, (share, error) in kinds.items())
            print(f"{name} {chosen}: {shown}")  # noqa: T201  # what this is for
