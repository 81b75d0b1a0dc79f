"""`wikiorder analyze`: a report folder from bundles of a tiny set."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from harness.commands.analyze import analyze
from harness.contract import bundle, checksums
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import SetIdentity
from harness.errors import InputError
from harness.records import GroundTruth, Modality, Prediction, Variant
from harness.report import figures, report, style
from harness.report.sections import Section
from harness.report.study import Study, study
from tests import bundles
from tests.sets import tiny_set


def run(*arguments: object) -> str:
    outcome = CliRunner().invoke(analyze, [str(a) for a in arguments], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def sees_distance(apart: int) -> Callable[[GroundTruth], float]:
    """A predictor that tells the order of steps at least so far apart, and calls every other pair out of order."""

    def predict(truth: GroundTruth) -> float:
        far = abs(truth.positions[0] - truth.positions[1]) >= apart
        return 0.9 if far and truth.label else 0.2

    return predict


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FrozenSet]:
    """Sixteen articles in two categories; one submission in three modalities, a failed one, and a coin's twin."""
    folder = tmp_path_factory.mktemp("analyze")
    frozen = tiny_set(folder / "data", articles=16, pairs_per_article=5)
    for modality, apart in ((Modality.VISION_TEXT, 1), (Modality.VISION, 2), (Modality.TEXT, 4)):
        bundles.write(folder / "results", frozen, "seer", modality, predict=sees_distance(apart))
    bundles.write(folder / "results", frozen, "always", predict=lambda _: 1.0)
    bundles.write(folder / "results", frozen, "dead", failure="it died")
    return folder, frozen


def test_the_report_folder_holds_every_form_and_agrees_with_the_bundles(
    world: tuple[Path, FrozenSet], tmp_path: Path
) -> None:
    folder, frozen = world
    output = run(folder / "results", "--data", folder / "data", "--out", tmp_path)
    assert "4 results on tiny 1.0 test" in output
    written = json.loads((tmp_path / "report.json").read_text())
    assert [r["name"] for r in written["results"]] == [
        "always vision+text",
        "seer vision+text",
        "seer vision",
        "seer text",
    ]
    with (tmp_path / "accuracy.csv").open() as stream:
        macro = {(r["submission"], r["modality"]): r for r in csv.DictReader(stream) if r["category"] == "macro"}
    assert macro["seer", "vision+text"]["value"] == "1.0"
    assert macro["always", "vision+text"]["value"] == "0.5"
    for name in ("accuracy", "heat_map", "gaps", "kinds", "strata_0", "reliability"):
        assert (tmp_path / f"figures/{name}.svg").read_text().startswith("<?xml")
        with Image.open(tmp_path / f"figures/{name}.png") as image:
            assert image.width == 1400
        assert f"figures/{name}.svg" in (tmp_path / "report.html").read_text()
        assert f"figures/{name}.png" in (tmp_path / "report.md").read_text()
    shares = written["pairs"]["seer"]["shares"]["all"]
    assert shares["pairs"] == len(frozen.questions) == 80
    assert shares["only text"] == 0.0  # who sees order in far steps alone sees it in near ones too


def test_the_gallery_shows_the_pairs_that_pictures_decided(world: tuple[Path, FrozenSet], tmp_path: Path) -> None:
    folder, frozen = world
    run(folder / "results", "--data", folder / "data", "--out", tmp_path)
    page = (tmp_path / "gallery.html").read_text()
    cases = json.loads((tmp_path / "report.json").read_text())["pairs"]["seer"]["cases"]
    assert cases["text"] == []
    questions = {pair.pair_id: pair for pair in frozen.questions}
    for case in cases["vision"]:
        pair = questions[case["pair_id"]]
        assert pair.first.headline in page
        for step in (pair.first, pair.second):
            assert (tmp_path / f"pictures/{Path(step.image).stem[:24]}.jpg").is_file()
    assert 0 < len(cases["vision"]) <= 12


def test_the_same_bundles_give_the_same_bytes(world: tuple[Path, FrozenSet], tmp_path: Path) -> None:
    folder, _ = world
    for name in ("one", "two"):
        run(folder / "results", "--data", folder / "data", "--out", tmp_path / name)
    files = {p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()}
    assert files == {
        p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()
    }


def test_one_result_without_its_set_makes_a_report_without_gallery(
    world: tuple[Path, FrozenSet], tmp_path: Path
) -> None:
    folder, _ = world
    run(folder / "results/always/tiny-1.0-test/vision_text", "--out", tmp_path)
    assert not (tmp_path / "gallery.html").exists()
    assert "gallery" not in (tmp_path / "report.html").read_text()
    assert "Modality gap" not in (tmp_path / "report.md").read_text()


def test_text_of_submissions_and_sets_is_escaped() -> None:
    asked = SetIdentity(name="<script>", version="1", subset="test", digest="0", visibility="public", pairs=1)
    empty = Study(set=asked, verdicts={}, results=[], gaps={}, pairs={})
    section = Section("<b>", "", ["<i>"], [["<u>"]])
    html = report.page("report.html.jinja", study=empty, parts=[section], gallery=False).decode()
    assert "<script>" not in html
    assert "&lt;u&gt;" in html


def test_a_folder_without_bundles_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result bundle in it"):
        run(tmp_path)


def test_a_bundle_of_another_release_is_to_be_scored_again(world: tuple[Path, FrozenSet], tmp_path: Path) -> None:
    folder, _ = world
    shutil.copytree(folder / "results", tmp_path / "results")
    root = tmp_path / "results/always/tiny-1.0-test/vision_text"
    result = json.loads((root / "result.json").read_text())
    del result["scores"]["strata"]
    (root / "result.json").write_text(json.dumps(result))
    checksums.seal(root)
    with pytest.raises(InputError, match=r"another release \(strata not in all results\); score it again"):
        run(tmp_path / "results")


def test_variants_of_pairs_that_do_not_count_make_no_drop(world: tuple[Path, FrozenSet], tmp_path: Path) -> None:
    """As for a hidden set all of whose blanked pairs happen to be canaries, which the counted set leaves out."""
    _, frozen = world
    root = bundles.write(tmp_path / "results", frozen, "blind")
    found = bundle.read(root)
    again = [
        Prediction("canary", 0.5, Variant.BLANKED),
        Prediction(frozen.questions[0].pair_id, 0.5, Variant.EXCHANGED),
    ]
    bundle.write(root, found.result, found.articles, found.predictions, again, found.timings)
    drops = study([bundle.read(root)], frozen, b"a test's own key").results[0].drops
    assert list(drops) == ["exchanged_pictures_drop"]


def test_an_out_folder_that_cannot_be_made_is_named(world: tuple[Path, FrozenSet], tmp_path: Path) -> None:
    folder, _ = world
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="name an --out folder that can be written"):
        run(folder / "results", "--out", tmp_path / "file")


def test_the_same_result_twice_is_refused(world: tuple[Path, FrozenSet], tmp_path: Path) -> None:
    folder, frozen = world
    again = bundles.write(tmp_path / "again", frozen, "always")
    with pytest.raises(InputError, match=r"both always vision\+text; name one of them"):
        run(folder / "results", again)


def test_clouds_have_pictures_on_the_left_and_name_their_gap(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    images, texts = rng.normal(size=(2, 40, 6)) * 0.1 + np.eye(6)[:2, None]
    figure = figures.clouds({"Travel": (images, texts), "Health": (texts, images)})
    for axis in figure.axes[:2]:
        pictures, words = (np.asarray(points.get_offsets())[:, 0].mean() for points in axis.collections[:2])
        assert pictures < words
    gap = float(np.linalg.norm(images.mean(0) - texts.mean(0)))
    assert f"gap {gap:.3f}" in [text.get_text() for text in figure.axes[0].texts]
    style.save(figures.before_and_after((images, texts), (images, texts)), tmp_path, "before_after")
    assert (tmp_path / "before_after.svg").is_file()


def test_the_heat_map_writes_each_accuracy_into_its_cell() -> None:
    figure = figures.heat_map(
        {"CLIP V": {"Travel": 0.577, "Health": 0.708}, "BLIP V": {"Travel": 0.741, "Health": 1.0}}
    )
    assert [text.get_text() for text in figure.axes[0].texts] == [".577", ".708", ".741", "1"]
