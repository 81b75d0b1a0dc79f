"""Every layout of raw data gives the same articles."""

import json
from pathlib import Path

import pytest

from dataset_builder import sources
from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.recipeqa import RecipeStep
from harness.errors import InputError
from tests.dataset_builder.alarm import ends_soon


def vgsi(raw: Path) -> None:
    steps = [{"headline": "Boil", "img": "x_0_0", "step_id": "x_0_0"}, {"headline": None, "img": None}]
    methods = [{"name": "Pot", "steps": steps}, {"name": "Pan", "steps": [{"headline": " Fry\nit ", "img": "x_1_0"}]}]
    row = {"file_id": 7, "goal": "Make Tea", "category_hierarchy": ["Food", "Tea"], "methods": methods}
    (raw / "WikihowText_data.json").write_text(json.dumps(row) + "\n")


def own(raw: Path) -> None:
    steps = [{"headline": "Boil", "image": "a.jpg"}, {"headline": "Pour", "image": "b/c.png", "method": 1}]
    row = {"id": "a1", "title": "Make Tea", "category": "Food", "strata": {"kind": "both"}, "steps": steps}
    (raw / "articles.jsonl").write_text(json.dumps(row) + "\n\n")


def wikiplan(raw: Path) -> None:
    for number, title in enumerate(("Task: How to Muddle\nsecond line", "Task: How to Juggle")):
        folder = raw / f"task_{number}"
        folder.mkdir()
        (folder / "task.txt").write_text(title)
        for step in (2, 10, 1):
            (folder / f"step_{step}.txt").write_text(f"Do {step}.\nmore")
            (folder / f"step_{step}_caption.txt").write_text("a caption")
        (folder / "step_1.png").touch()
        (folder / "step_2.jpg").touch()


def visualhow(raw: Path) -> None:
    urls = ["https://www.example.org/images/thumb/a/a%20b.jpg?x=1", "https://www.example.org/c.png"]
    about = {"article_id": "033313", "category": ["Food"], "article_title": "Make Tea", "problem_title": "In a Pot"}
    rows = {
        "033313_0": {**about, "image_url": urls, "step_list": ["Boil", "Pour"]},
        "033313_1": {**about, "image_url": urls[:1], "step_list": ["Fry", "Eat"]},
    }
    (raw / "wikiHow_data.json").write_text(json.dumps(rows))
    kinds = [("0", "sequential"), ("1", "parallel")]
    notes = [{"article_id": "033313", "problem_index": n, "dependency_type": kind} for n, kind in kinds]
    (raw / "visualHow_annotations.txt").write_text("".join(json.dumps(note) + "\n" for note in notes))
    touch(raw, "images/a/a b.jpg", "images/c.png")


def sequencing(raw: Path) -> None:
    boil = {"step_headline": "Boil", "step_assets": {"image-large": "https://example.org/x/boil.jpg"}}
    sections = [{"steps": [boil]}, {"steps": [{"step_headline": "Pour", "step_assets": {}}]}]
    row = {"url": "https://example.org/Tea", "title": "Make Tea", "sections": sections}
    (raw / "wikihow-acl22-train.json").write_text(json.dumps(row) + "\n")
    path = [{"category title": "Categories"}, {"category title": "Food"}, {"category title": "Tea"}]
    (raw / "wikihow-categories-output.json").write_text(json.dumps({"url": row["url"], "categories": path}) + "\n")
    touch(raw, "images/boil.jpg")


def myfixit(raw: Path) -> None:
    picture = "https://d3nevzfk7ii3be.cloudfront.net/igi/WkwQip2DfR1iJLMX.standard"
    lines = [{"Text": "grab the tab."}, {"Text": "pull."}]
    steps = [
        {"Order": 1, "Lines": lines, "Text_raw": "Grab the tab. Pull.", "Images": [picture], "StepId": 4122},
        {"Order": 2, "Lines": [], "Text_raw": "Lift it.", "Images": [], "StepId": 4123},
    ]
    row = {"Title": "Hard Drive Replacement", "Guidid": 816, "Category": "MacBook Unibody", "Steps": steps}
    (raw / "jsons").mkdir()
    (raw / "jsons/Mac.json").write_text(json.dumps(row) + "\n")
    touch(raw, "images/WkwQip2DfR1iJLMX.jpg")


def recipeqa(raw: Path) -> None:
    steps = [
        {"id": 1, "title": "Boil", "body": "Boil water. Wait.", "images": ["green-tea_1_0.jpg", "green-tea_1_1.jpg"]},
        {"id": 2, "title": "Step 2:", "body": "Pour it. Drink.", "images": []},
    ]
    bare = [{**step, "images": []} for step in steps]
    rows = [
        {"recipe_id": "green-tea", "task": "visual_ordering", "context": bare, "choice_list": [[]], "answer": 0},
        {"recipe_id": "green-tea", "task": "textual_cloze", "context": steps, "choice_list": ["a"], "answer": 0},
    ]
    (raw / "train.json").write_text(json.dumps({"data": rows}))
    touch(raw, "images/train/images-qa/green-tea_1_0.jpg")


def goalstep(raw: Path) -> None:
    """As `example_tutorial.json` of GGLAB-KU/turkish-plu: groups under `steps`, a picture named in the page's URL."""
    page = "https://www.wikihow.com.tr/A%C4%9F-Kurmak#/Dosya:Set-Up-Step-1-Version-2.jpg"
    steps = [{"headline": "Ağa bağla.", "description": "Uzun.", "img": page, "internal_links": []}]
    row = {
        "title": "Ağ Kurmak",
        "url": "https://www.wikihow.com.tr/x",
        "category_hierarchy": ["Kategoriler", "Bilgisayar ve Elektronik"],
        "n_views": "69.094",
        "methods": [],
        "parts": [],
        "steps": [{"name": "Kurmak", "steps": steps}, {"name": "Paylaşmak", "steps": [{"headline": "Paylaş."}]}],
    }
    (raw / "corpus").mkdir()
    (raw / "corpus/install.json").write_text(json.dumps(row))
    touch(raw, "images/Set-Up-Step-1-Version-2.jpg")


def tiir(raw: Path) -> None:
    data = ["Make Tea", "Boil", "doc_images/a.png", "Pour", "./elsewhere/b.png"]
    (raw / "docs.jsonl").write_text(json.dumps({"id": "d1", "data": data}) + "\n")
    touch(raw, "doc_images/a.png", "doc_images/b.png")


def touch(raw: Path, *names: str) -> None:
    for name in names:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).touch()


LAYOUTS = {
    vgsi: [
        Article(
            "7",
            "Make Tea",
            "Food",
            (
                RawStep("Boil", "wiki_images/x_0_0.png", 0),
                RawStep("", "", 0),
                RawStep("Fry it", "wiki_images/x_1_0.png", 1),
            ),
        )
    ],
    own: [
        Article("a1", "Make Tea", "Food", (RawStep("Boil", "a.jpg"), RawStep("Pour", "b/c.png", 1)), {"kind": "both"})
    ],
    wikiplan: [
        Article(
            f"task_{number}",
            title,
            "",
            (
                RawStep("Do 1.", f"task_{number}/step_1.png"),
                RawStep("Do 2.", f"task_{number}/step_2.jpg"),
                RawStep("Do 10.", ""),
            ),
        )
        for number, title in enumerate(("How to Muddle", "How to Juggle"))
    ],
    visualhow: [
        Article(
            "033313_0",
            "Make Tea",
            "Food",
            (RawStep("Boil", "images/a/a b.jpg"), RawStep("Pour", "images/c.png")),
            {"dependency": "ordered"},
        ),
        Article(
            "033313_1",
            "Make Tea",
            "Food",
            (RawStep("Fry", "images/a/a b.jpg"), RawStep("Eat", "")),
            {"dependency": "unordered"},
        ),
    ],
    sequencing: [
        Article(
            "https://example.org/Tea",
            "Make Tea",
            "Food",
            (RawStep("Boil", "images/boil.jpg", 0), RawStep("Pour", "", 1)),
        )
    ],
    myfixit: [
        Article(
            "816",
            "Hard Drive Replacement",
            "Mac",
            (RawStep("grab the tab.", "images/WkwQip2DfR1iJLMX.jpg"), RawStep("Lift it.", "")),
        )
    ],
    recipeqa: [
        Article(
            "green-tea",
            "green tea",
            "Recipes",
            (RawStep("Boil", "images/train/images-qa/green-tea_1_0.jpg"), RawStep("Pour it.", "")),
        )
    ],
    goalstep: [
        Article(
            "install",
            "Ağ Kurmak",
            "Bilgisayar ve Elektronik",
            (RawStep("Ağa bağla.", "images/Set-Up-Step-1-Version-2.jpg"), RawStep("Paylaş.", "")),
        )
    ],
    tiir: [
        Article("d1", "Make Tea", "", (RawStep("Boil", "doc_images/a.png"), RawStep("Pour", "doc_images/b.png"))),
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_a_layout_is_sniffed_and_read(tmp_path: Path, layout) -> None:
    layout(tmp_path)
    read = sorted(sources.read(tmp_path), key=lambda article: article.article_id)
    assert [(a.article_id, a.title, a.category, a.steps, dict(a.strata)) for a in read] == [
        (a.article_id, a.title, a.category, a.steps, dict(a.strata)) for a in LAYOUTS[layout]
    ]


def test_every_source_has_a_layout_tested() -> None:
    assert {layout.__name__ for layout in LAYOUTS} == {
        "own" if name == "articles" else name for name in sources.SOURCES
    }


def test_two_layouts_in_one_folder_must_be_told_apart(tmp_path: Path) -> None:
    own(tmp_path)
    vgsi(tmp_path)
    with pytest.raises(InputError, match=r"markers of articles and vgsi.*Say which with --source"):
        list(sources.read(tmp_path))
    assert next(sources.read(tmp_path, "vgsi")).article_id == "7"
    with pytest.raises(InputError, match="source 'wikihow' is unknown"):
        sources.read(tmp_path, "wikihow")


def test_a_side_table_gives_categories_by_id_or_by_title(tmp_path: Path) -> None:
    wikiplan(tmp_path)
    (tmp_path / "categories.csv").write_text("task,category\ntask_0,Food\nJuggle,Arts\n")
    read = sources.read(tmp_path, categories=tmp_path / "categories.csv")
    assert {article.article_id: article.category for article in read} == {"task_0": "Food", "task_1": "Arts"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title,category\n", "its columns are title, category; wanted task and category"),
        (b"", "its columns are nothing"),
        (b"task,category\n\xff,x\n", "no CSV in UTF-8"),
    ],
)
def test_a_side_table_that_is_none_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    wikiplan(tmp_path)
    (tmp_path / "c.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        sources.read(tmp_path, categories=tmp_path / "c.csv")
    with pytest.raises(InputError, match="No such file"):
        sources.read(tmp_path, categories=tmp_path / "absent.csv")


def test_a_task_without_its_title_is_named(tmp_path: Path) -> None:
    wikiplan(tmp_path)
    (tmp_path / "task_1/task.txt").unlink()
    with pytest.raises(InputError, match=r"task_1/task\.txt: no such file"):
        list(sources.read(tmp_path))


def test_a_method_of_the_wrong_shape_is_named(tmp_path: Path) -> None:
    (tmp_path / "wikiHow_data.json").write_text('{"1_0": {"article_title": "x", "category": [], "image_url": []}}')
    with pytest.raises(InputError, match=r"1_0.*lacks the field `step_list"):
        list(sources.read(tmp_path))


ACCEPTED = {
    "articles.jsonl": {"id": "7", "title": "t", "category": "c", "steps": [], "extra": 1},
    "WikihowText_data.json": {"file_id": 7, "goal": "t", "category_hierarchy": None, "methods": []},
    "wikihow.jsonl": {
        "url": "7",
        "title": "t",
        "category_hierarchy": None,
        "sections": [{"steps": [{"step_headline": None, "step_assets": []}], "extra": {}}],
    },
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_unknown_fields_and_empty_values_of_a_crawl_are_accepted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(ACCEPTED[name]) + "\n")
    (article,) = sources.read(tmp_path)
    assert (article.article_id, article.title) == ("7", "t")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("articles.jsonl", {"id": ""}, '1: id: found "", wanted text of length >= 1'),
        ("articles.jsonl", {"strata": {"kind": 3}}, "1: strata.*found .*, wanted text"),
        (
            "articles.jsonl",
            {"steps": [{"headline": "h", "image": "i", "method": -1}]},
            r"steps\[0\]\.method: found -1, wanted a whole number >= 0",
        ),
        (
            "articles.jsonl",
            {"steps": [{"headline": "h", "image": "i", "method": True}]},
            r"method: found true, wanted a whole number",
        ),
        ("WikihowText_data.json", {"goal": None}, "goal: found null, wanted text"),
        ("WikihowText_data.json", {"methods": [{"steps": [{}]}]}, "lacks the field `headline`"),
        ("wikihow.jsonl", {"url": ""}, 'url: found "", wanted text of length >= 1'),
        ("wikihow.jsonl", {"sections": [{"steps": [{"step_headline": "h", "step_assets": ["x"]}]}]}, "step_assets"),
    ],
)
def test_a_field_that_does_not_fit_is_named(tmp_path: Path, name: str, change: dict, words: str) -> None:
    (tmp_path / name).write_text(json.dumps(ACCEPTED[name] | change) + "\n")
    with pytest.raises(InputError, match=words):
        list(sources.read(tmp_path))


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("Step 3:", "Pour it."),
        ("step", "Pour it."),
        ("Step 3 .", "Pour it."),
        ("2", "2"),
        ("Step 3: Mix", "Step 3: Mix"),
    ],
)
def test_a_recipes_title_that_only_counts_is_replaced_by_its_first_sentence(title: str, headline: str) -> None:
    assert RecipeStep(title=title, body="Pour it. Wait.").headline == headline


def test_a_recipes_title_with_a_run_of_spaces_is_read_soon() -> None:
    title = f"Step{' ' * 5000}in line"
    with ends_soon():
        assert RecipeStep(title=title).headline == title
