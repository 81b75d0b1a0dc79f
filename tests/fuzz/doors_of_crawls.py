"""What a set is built from: specs and the five layouts of raw articles."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from dataset_builder import build, spec
from dataset_builder.workspace import inputs
from harness.contract import checksums, decoding
from tests.dataset_builder import crawls
from tests.fuzz.door import BYTES, JSON, TEXT, Door, small_set

SPEC = """\
name = "small"
version = "1"
seed = "small"
licence = "CC0-1.0"
canaries = 4

[articles]
min_side = 32
min_steps = 2

[headlines]
scrub_ordinals = true

[pictures]
reencode = false

[duplicates]
titles = true
similar = true
distance = 4
difference = 6.0
max_articles = 5
max_share = 0.5

[pairs]
per_article = 0
within_method = false
balance = ""

[split]
train = 0.5
validation = 0.25
test = 0.25

[categories]
"Cooking" = { train = 4, validation = 2, test = 2 }
"Health" = { train = 2, validation = 2, test = 2 }
"""


def _make_spec(folder: Path) -> None:
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")


def _use_spec(folder: Path) -> None:
    found = spec.load(str(folder / "spec.toml"))
    for category in found.categories:
        found.shares(category)
    decoding.json_page(found).encode()


VERBS = ("Stir pot", "Wash")  # no word of order
ROWS = [crawls.article(number, steps=3) for number in range(3)]


def _picture_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(crawls.picture(name))


def _make_articles(folder: Path) -> None:
    crawls.crawl(folder, [{**row, "strata": {"kind": "both"}} for row in ROWS])


def _make_vgsi(folder: Path) -> None:
    lines = []
    for number in range(3):
        steps = [
            {"headline": f"{VERBS[i]} {number}.", "img": f"{number}_{i}", "step_id": f"{number}_{i}"} for i in (0, 1)
        ]
        methods = [{"name": "One", "steps": steps}]
        row = {"file_id": number, "goal": f"Goal {number}", "category_hierarchy": ["Cooking"], "methods": methods}
        lines.append(json.dumps(row))
        _picture_files(folder, *(f"wiki_images/{step['img']}.png" for step in steps))
    (folder / "WikihowText_data.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_visualhow(folder: Path) -> None:
    rows = {
        f"{number}_0": {
            "article_id": str(number),
            "category": ["Cooking"],
            "article_title": f"How to Do {number}",
            "image_url": [f"https://example.org/{number}-{i}.png" for i in (0, 1)],
            "step_list": [f"Do {number}.", f"Stir pot {number}."],
        }
        for number in range(3)
    }
    (folder / "wikiHow_data.json").write_text(json.dumps(rows), encoding="utf-8")
    kinds = [{"article_id": "0", "problem_index": 0, "dependency_type": "sequential"} for _ in range(2)]
    text = "".join(json.dumps(kind) + "\n" for kind in kinds)
    (folder / "visualHow_annotations.txt").write_text(text, encoding="utf-8")
    _picture_files(folder, *(f"images/{number}-{i}.png" for number in range(3) for i in (0, 1)))


def _make_sequencing(folder: Path) -> None:
    lines = []
    for number in range(3):
        steps = [
            {
                "step_headline": f"{VERBS[i]} {number}.",
                "step_assets": {"image-large": f"https://e.org/{number}-{i}.png"},
            }
            for i in (0, 1)
        ]
        row = {"url": f"https://e.org/{number}", "title": f"How to Do {number}", "sections": [{"steps": steps}]}
        lines.append(json.dumps({**row, "category_hierarchy": ["Cooking"]}))
        _picture_files(folder, *(f"images/{number}-{i}.png" for i in (0, 1)))
    (folder / "wikihow.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_wikiplan(folder: Path) -> None:
    for number in range(2):
        task = folder / f"task_{number}"
        _picture_files(folder, *(f"task_{number}/step_{i}.png" for i in (1, 2)))
        (task / "task.txt").write_text(f"Task: How to Do {number}\nmore\n", encoding="utf-8")
        for i in (1, 2):
            (task / f"step_{i}.txt").write_text(f"{VERBS[i - 1]} {number}.\n", encoding="utf-8")
    (folder / "categories.csv").write_text('task,category\nHow to Do 0,Cooking\n"Do 1",Cooking\n', encoding="utf-8")


def _make_goalstep(folder: Path) -> None:
    (folder / "corpus").mkdir()
    for number in range(3):
        steps = [{"headline": f"{VERBS[i]} {number}.", "img": f"https://e.org/{number}-{i}.png"} for i in (0, 1)]
        row = {"title": f"Do {number}", "category_hierarchy": ["Cooking"], "methods": [{"name": "", "steps": steps}]}
        (folder / f"corpus/{number}.json").write_text(json.dumps(row), encoding="utf-8")
        _picture_files(folder, *(f"images/{number}-{i}.png" for i in (0, 1)))


def _make_tiir(folder: Path) -> None:
    lines = []
    for number in range(2):
        names = [f"doc_images/{number}-{i}.png" for i in (0, 1)]
        steps = [item for i in (0, 1) for item in (f"{VERBS[i]} {number}.", names[i])]
        lines.append(json.dumps({"id": str(number), "data": [f"Do {number}", *steps]}))
        _picture_files(folder, *names)
    (folder / "docs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "categories.csv").write_text("task,category\nDo 0,Cooking\nDo 1,Cooking\n", encoding="utf-8")


def _use_source(folder: Path) -> None:
    """A whole build: read, filter, look at every picture, group, split and freeze."""
    side_table = folder / "categories.csv"
    wanted = crawls.spec("[duplicates]\nmax_share = 1.0\n", '"Cooking" = { train = 2, validation = 0, test = 0 }')
    with TemporaryDirectory(dir=folder.parent) as out:
        categories = side_table if side_table.exists() else None
        build.build(build.BuildRequest(wanted, folder, Path(out) / "set", categories=categories, workers=1))


def _make_note(folder: Path) -> None:
    small_set(folder)
    inputs.remember(folder / "test", "1" * 64, checksums.verify(folder / "test")[0])


def _use_note(folder: Path) -> None:
    inputs.recall(folder / "test", "1" * 64)


DOORS = (
    Door("spec", "spec.toml", TEXT, _make_spec, _use_spec),
    Door("source: articles", "articles.jsonl", JSON, _make_articles, _use_source),
    Door("source: vgsi", "WikihowText_data.json", JSON, _make_vgsi, _use_source),
    Door("source: visualhow", "wikiHow_data.json", JSON, _make_visualhow, _use_source),
    Door("source: visualhow annotations", "visualHow_annotations.txt", JSON, _make_visualhow, _use_source),
    Door("source: sequencing", "wikihow.jsonl", JSON, _make_sequencing, _use_source),
    Door("source: goalstep", "corpus/0.json", JSON, _make_goalstep, _use_source),
    Door("source: tiir", "docs.jsonl", JSON, _make_tiir, _use_source),
    Door("source: wikiplan", "task_0/task.txt", TEXT, _make_wikiplan, _use_source),
    Door("source: wikiplan headline", "task_0/step_1.txt", TEXT, _make_wikiplan, _use_source),
    Door("source: categories", "categories.csv", TEXT, _make_wikiplan, _use_source),
    Door("source: picture", "pictures/a000-0.png", (BYTES,), _make_articles, _use_source),
    Door("note of a build's inputs", "test.inputs.json", JSON, _make_note, _use_note),
)
