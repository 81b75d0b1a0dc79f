"""Each published layout builds with its dirt, and tells every loss."""

import contextlib
import json
import os
import socket
from pathlib import Path

import pytest

from dataset_builder import inspection, sources
from dataset_builder import spec as specs
from dataset_builder.build import BuildRequest, build
from dataset_builder.spec import Spec
from harness import cli
from harness.contract import frozen_set
from harness.errors import InputError
from tests.dataset_builder.alarm import ends_soon
from tests.dataset_builder.crawls import article, crawl, spec
from tests.dataset_builder.sources.layouts import LAYOUTS, VERBS, articles, goalstep, vgsi, wikiplan

FOOD = '"Food and Entertaining" = { train = 4, validation = 4, test = 4 }'
ALIASES = '[aliases]\n"Mac" = "Food and Entertaining"\n"Recipes" = "Food and Entertaining"\n'


def food(text: str = "", categories: str = FOOD) -> Spec:
    return spec(
        f"{text}\n[split]\ntrain = 1\nvalidation = 1\ntest = 1\n[duplicates]\nmax_share = 1.0\n{ALIASES}", categories
    )


def test_every_source_has_a_published_layout() -> None:
    assert LAYOUTS.keys() == sources.SOURCES.keys()


@pytest.mark.parametrize("name", LAYOUTS)
def test_three_articles_of_a_published_layout_build_and_the_losses_are_told(tmp_path: Path, name: str) -> None:
    write, misaligned, bad = LAYOUTS[name]
    raw = tmp_path / "raw"
    raw.mkdir()
    write(raw)
    table = raw / "categories.csv"
    request = BuildRequest(
        food(), raw, tmp_path / "out", None, table if table.exists() else None, None, 1, skip_bad=True
    )
    build(request)
    losses = json.loads((tmp_path / "out.losses.json").read_text())
    assert losses["records_skipped"] == bad
    assert {row["reason"]: row["articles"] for row in losses["filters"]} == ({"misaligned": 1} if misaligned else {})
    shown = [pair for subset in frozen_set.SUBSETS for pair in frozen_set.load(tmp_path / "out" / subset).questions]
    assert len(shown) == 12
    for pair in shown:
        for step in (pair.first, pair.second):
            assert step.headline.startswith(VERBS)
            assert not set("<&\u00a0") & set(step.headline)


def test_an_inspection_tells_where_the_pictures_of_a_crawl_were_found(tmp_path: Path) -> None:
    vgsi(tmp_path)
    found = inspection.inspect(tmp_path, food())
    assert (found.layout, found.articles, found.steps) == ("vgsi", 3, 12)
    assert found.pictures == {"wiki_images/<step_id>.png": 12}
    (category,) = found.categories
    assert (category.usable, category.pairs, category.counts_towards) == (3, 18, "Food and Entertaining")
    assert found.losses.records_skipped == 2
    assert found.languages == {"en": 12}


def test_a_spec_that_an_inspection_writes_builds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its threshold is one that most articles pass: these pictures are 32 pixels wide."""
    raw = crawl(tmp_path / "raw", [article(n, category=("Tea", "Bread")[n % 2]) for n in range(24)])
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "inspect", str(raw), "--write-spec", str(tmp_path / "mine.toml")])
    assert not stop.value.code
    assert "by the pictures of 24 articles: 224 keeps 0%" in capsys.readouterr().out
    written = specs.load(str(tmp_path / "mine.toml"))
    assert (written.articles.min_side, list(written.categories)) == (32, ["Tea", "Bread"])
    places = ["--spec", str(tmp_path / "mine.toml"), "--raw", str(raw), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "build", *places, "--workers", "1"])
    assert not stop.value.code


def test_a_spec_to_start_from_names_a_category_once_however_the_crawl_spells_it(tmp_path: Path) -> None:
    names = ["Tea", "tea", 'With "quotes" \\ and \x01']
    crawl(tmp_path, [article(n, category=name) for n, name in enumerate([*names * 6, "Rare"])])
    written = inspection.starting_spec(inspection.inspect(tmp_path, None), "mine")
    assert list(specs.parse(written, "mine.toml").categories) == ["Tea", names[2]]
    assert '# "Rare": 1 usable articles are too few' in written


def test_a_file_for_a_spec_is_refused_before_the_crawl_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crawl(tmp_path / "raw", [article(0)])
    (tmp_path / "mine.toml").touch()
    with pytest.raises(SystemExit):
        cli.main(["dataset", "inspect", str(tmp_path / "raw"), "--write-spec", str(tmp_path / "mine.toml")])
    said = capsys.readouterr()
    assert "mine.toml: exists already" in said.err
    assert said.out == ""


def test_all_records_that_cannot_be_read_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    vgsi(raw)
    (tmp_path / "s.toml").write_text(f'name = "x"\nversion = "1"\nseed = "s"\n[categories]\n{FOOD}\n')
    places = ["--spec", str(tmp_path / "s.toml"), "--raw", str(raw), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "build", *places])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert 'category_hierarchy: found "Health", wanted' in said
    assert "goal: found null, wanted text" in said
    assert "--skip-bad" in said


def test_five_faults_of_a_spec_are_told_in_one_run_before_a_picture_is_opened(tmp_path: Path) -> None:
    """Two misspelt categories, and too few pairs in three, over pictures that nothing can decode."""
    raw = tmp_path / "raw"
    raw.mkdir()
    articles(raw)
    for path in (raw / "p").iterdir():
        path.write_bytes(b"no picture")
    rows = [json.loads(line) for line in (raw / "articles.jsonl").read_text().splitlines()][:3]
    named = [{**row, "category": name} for row, name in zip(rows, ("Health", "Travel", "Hobbies"), strict=True)]
    (raw / "articles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named))
    quota = "{ train = 10, validation = 4, test = 4 }"
    names = ("Helth", "Travl", "Hobbies", "Health", "Travel")
    with pytest.raises(InputError, match="5 shortfalls") as failure:
        build(BuildRequest(_plain_spec(names, quota), raw, tmp_path / "out", workers=1))
    said = json.loads((tmp_path / "out.losses.json").read_text())
    assert [row["category"] for row in said["shortfalls"]] == list(names)
    assert "unusable" not in str(failure.value)


def _plain_spec(names: tuple[str, ...], quota: str) -> Spec:
    return spec("", "\n".join(f'"{name}" = {quota}' for name in names))


def test_a_misspelt_category_is_told_with_the_name_in_the_crawl(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    vgsi(raw)
    what = spec("", '"Food and Entertainment" = { train = 4, validation = 4, test = 4 }')
    with pytest.raises(
        InputError, match=r"the crawl has 'FOOD.*and Entertaining': rename it, or add it to \[aliases\]"
    ):
        build(BuildRequest(what, raw, tmp_path / "out", workers=1, skip_bad=True))


def test_a_linked_folder_is_told_and_read_when_it_is_asked_for(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    vgsi(raw)
    (raw / "wiki_images").rename(tmp_path / "elsewhere")
    (raw / "wiki_images").symlink_to(tmp_path / "elsewhere")
    request = BuildRequest(food(), raw, tmp_path / "out", workers=1, skip_bad=True)
    with pytest.raises(InputError, match=r"wiki_images: a link to .*elsewhere.*pass --follow-links"):
        build(request)
    build(BuildRequest(food(), raw, tmp_path / "out", workers=1, skip_bad=True, follow_links=True))


def test_numbering_without_a_gap_is_needed(tmp_path: Path) -> None:
    wikiplan(tmp_path)
    faults = {article.article_id: article.fault for article in sources.read(tmp_path)}
    assert faults == {"task_0": "", "task_1": "", "task_2": "", "task_3": "no step_2 of 3 steps"}


def test_a_step_numbered_by_its_date_is_a_gap_that_is_told_soon(tmp_path: Path) -> None:
    wikiplan(tmp_path)
    (tmp_path / "task_3/step_20230101.txt").write_text("Do it.")
    with ends_soon():
        faults = [article.fault for article in sources.read(tmp_path)]
    assert faults[3] == "no step_2, step_5, step_6, step_7, step_8 and 20230092 more of 4 steps"


def test_pairs_drawn_at_random_are_not_spread_evenly(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    articles(raw)
    build(BuildRequest(food('[pairs]\ndraw = "random"'), raw, tmp_path / "out", workers=1, skip_bad=True))
    assert len(frozen_set.load(tmp_path / "out/train").questions) == 4


def test_methods_are_alternatives_and_parts_follow_each_other(tmp_path: Path) -> None:
    goalstep(tmp_path)
    path = tmp_path / "corpus/Cook-0.json"
    row = json.loads(path.read_text())
    path.write_text(json.dumps({**row, "methods": row["methods"] * 2}))
    first, second, *_ = sources.read(tmp_path, skipped=sources.BadRecords())
    assert [step.method for step in first.steps] == [0] * 4 + [1] * 4
    assert [step.method for step in second.steps] == [0] * 4
    assert second.category == "Food and Entertaining"


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a folder"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_file_of_a_crawl_that_is_no_file_is_named(tmp_path: Path, name: str, kind: str) -> None:
    write, _, _ = LAYOUTS[name]
    write(tmp_path)
    table = tmp_path / "categories.csv"
    texts = [path for path in sorted(tmp_path.rglob("*")) if path.suffix in (".json", ".jsonl", ".csv")]
    assert texts
    for path in texts:
        content = path.read_bytes()
        path.unlink()
        with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as end:
            if kind == "a pipe":
                os.mkfifo(path)
            elif kind == "a folder":
                path.mkdir()
            else:
                end.bind(path.name)
            with ends_soon(), pytest.raises(InputError, match=path.name):
                list(sources.read(tmp_path, name, categories=table if table in texts else None))
        path.rmdir() if kind == "a folder" else path.unlink()
        path.write_bytes(content)
