"""The real thing: a crawl with the dirt of real data."""

import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

from dataset_builder import spec as specs
from dataset_builder.audit.verdict import Audit, Verdict, audit_sets
from dataset_builder.build import BuildRequest, build
from harness.contract import frozen_set
from tests.dataset_builder.naive import naive_sets

CORPUS = Path(os.environ.get("WIKIORDER_CORPUS", Path(__file__).parents[3] / "shared/corpus"))
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(),
    reason="no corpus here: it is no part of the repository; CI reads it in ../shared, or where WIKIORDER_CORPUS says",
)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozen_set.FrozenSet]:
    out = tmp_path_factory.mktemp("corpus") / "open-howto"
    build(BuildRequest(specs.load("open-howto"), CORPUS, out, workers=1))
    return {subset: frozen_set.load(out / subset) for subset in frozen_set.SUBSETS}


def test_the_shipped_spec_gets_the_pairs_it_asks_for(frozen: dict[str, frozen_set.FrozenSet]) -> None:
    spec = specs.load("open-howto")
    for subset, one in frozen.items():
        assert one.manifest.counts == {name: spec.quota(name, subset) for name in spec.categories}


def test_every_test_category_has_enough_articles_for_an_interval(frozen: dict[str, frozen_set.FrozenSet]) -> None:
    articles = defaultdict(set)
    for pair, answer in zip(frozen["test"].questions, frozen["test"].truths, strict=True):
        articles[pair.category].add(answer.article_id)
    assert min(len(ids) for ids in articles.values()) >= 6


def test_pictures_are_large_enough_and_carry_nothing_but_pixels(frozen: dict[str, frozen_set.FrozenSet]) -> None:
    for path in list((frozen["test"].root / "images").rglob("*.*"))[:60]:
        assert path.suffix == ".jpg"
        with Image.open(path) as image:
            assert min(image.size) >= 112
            assert not image.getexif()
            assert "comment" not in image.info


def test_no_headline_counts_the_steps(frozen: dict[str, frozen_set.FrozenSet]) -> None:
    for one in frozen.values():
        for pair in one.questions:
            for step in (pair.first, pair.second):
                assert not step.headline.lower().startswith(("step 1", "step 2", "step 3", "finally,", "first,"))


def test_a_shuffled_input_file_and_two_workers_give_the_same_set(
    frozen: dict[str, frozen_set.FrozenSet], tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(CORPUS / "wiki_images", raw / "wiki_images")
    lines = (CORPUS / "WikihowText_data.json").read_text(encoding="utf-8").splitlines(keepends=True)
    (raw / "WikihowText_data.json").write_text("".join(reversed(lines)), encoding="utf-8")
    build(BuildRequest(specs.load("open-howto"), raw, tmp_path / "out", workers=2))
    for subset, one in frozen.items():
        assert frozen_set.load(tmp_path / "out" / subset).digest == one.digest


def fires(audit: Audit) -> set[str]:
    return {result.probe.name for result in audit.results if result.fires}


@pytest.mark.slow
def test_the_audit_finds_what_leaks_without_care_and_nothing_with_it(
    frozen: dict[str, frozen_set.FrozenSet], tmp_path: Path
) -> None:
    careless = naive_sets(CORPUS, specs.load("open-howto"), tmp_path)
    found = audit_sets(careless["train"], careless["test"])
    assert found.verdict is Verdict.FAIL
    assert fires(found) == {"file time", "file name", "row", "pair id"}
    assert fires(audit_sets(frozen["train"], frozen["test"])) == set()
