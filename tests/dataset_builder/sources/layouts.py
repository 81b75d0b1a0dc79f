"""Tiny crawls in the published layouts, written after the documentation that `docs/data.md` cites, with its dirt.

Each holds three sound articles, and others that must be dropped or counted: see the comments.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.dataset_builder.crawls import picture

STEPS = 4
VERBS = ("Rinse", "Chop", "Roast", "Serve")


def draw(raw: Path, *names: str) -> None:
    for name in names:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_bytes(picture(name))


def write_lines(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def headline(article: int, step: int) -> str:
    """A headline with the markup and the numbers that crawls leave in their texts."""
    return f"<b>Step {step + 1}:</b> {VERBS[step]} the &quot;beans&quot;\u00a0no {chr(97 + article)}"


def vgsi(raw: Path) -> None:
    def row(number: int, category: Any, steps: int = STEPS) -> dict[str, Any]:
        about = [
            {
                "headline": headline(number, n),
                "img": f"https://www.wikihow.com/images/thumb/a/ab/Cook-{number}-Step-{n}.jpg/v4-460px.jpg",
                "step_id": f"{number}_0_{n}",
            }
            for n in range(steps)
        ]
        return {
            "file_id": str(number),
            "goal": f"How to Cook {chr(97 + number)}",
            "goal_description": "",
            "category_hierarchy": category,
            "methods": [{"name": "", "steps": about}],
        }

    rows = [row(number, ["FOOD\u00a0and  Entertaining", "Beans"]) for number in range(3)]
    rows.append(row(3, "Health"))  # a text where a list belongs
    rows.append({**row(4, ["Food and Entertaining"]), "goal": None})  # no title
    write_lines(raw / "WikihowText_data.json", rows)
    draw(raw, *(f"wiki_images/{number}_0_{n}.png" for number in range(3) for n in range(STEPS)))


def sequencing(raw: Path) -> None:
    for number, subset in enumerate(("train", "dev", "test")):
        steps = [
            {
                "step_headline": headline(number, n),
                "step_text": {"text": "Long text.", "bullet_points": []},
                "step_assets": {
                    ("image-large", "image-src-1")[n % 2]: f"./images/thumb/{number}/{n}/Beans-{number}-{n}.jpg"
                },
            }
            for n in range(STEPS)
        ]
        url = f"https://www.wikihow.com/Cook-{number}"
        row = {"url": url, "title": f"How to Cook {number}", "summary": "", "sections": [{"steps": steps}]}
        rows = [row] if number else [row, {**row, "url": url + "-a", "title": None}]  # no title
        write_lines(raw / f"wikihow-acl22-{subset}.json", rows)
        host = ("www.wikihow.com", "wikihow.com", "www.wikihow.com")[number]
        draw(raw, *(f"{host}/images/thumb/{number}/{n}/Beans-{number}-{n}.jpg" for n in range(STEPS)))
    path = [{"category title": name} for name in ("Categories", "Food and Entertaining", "Beans")]
    rows = [{"url": f"https://www.wikihow.com/Cook-{number}", "categories": path} for number in range(3)]
    write_lines(raw / "wikihow-categories-output.json", rows)


def visualhow(raw: Path) -> None:
    def row(number: int, pictures: int = STEPS) -> dict[str, Any]:
        return {
            "article_id": f"03331{number}",
            "category": ["Food and Entertaining"],
            "article_title": f"How to Cook {number}",
            "problem_title": "In a pot",
            "problem_index": "0",
            "image_url": [f"https://www.wikihow.com/images/thumb/{number}a{n}/Same.jpg" for n in range(pictures)],
            "step_list": [headline(number, n) for n in range(STEPS)],
        }

    rows = {f"03331{number}_0": row(number) for number in range(3)}
    rows["033313_0"] = row(3, STEPS + 1)  # more pictures than steps
    (raw / "wikiHow_data.json").write_text(json.dumps(rows))
    kinds = ("sequential", "parallel", "others")
    notes = [
        {"article_id": f"03331{number}", "problem_idx": 0, "dependency_type": kind} for number, kind in enumerate(kinds)
    ]
    write_lines(raw / "visualHow_annotations.txt", notes)
    draw(raw, *(f"images/{number}a{n}/Same.jpg" for number in range(4) for n in range(STEPS + 1)))


def wikiplan(raw: Path) -> None:
    for number in range(4):
        folder = raw / f"task_{number}"
        folder.mkdir()
        (folder / "task.txt").write_text(f"Task: How to Cook {number}\n", encoding="utf-8")
        for step in range(1, STEPS + 1):
            if (number, step) != (3, 2):  # task_3 lacks step_2
                (folder / f"step_{step}.txt").write_text(headline(number, step - 1), encoding="utf-8")
                (folder / f"step_{step}_caption.txt").write_text("a caption", encoding="utf-8")
                (folder / f"step_{step}.png").write_bytes(picture(f"{number} {step}"))
    table = "".join(f"task_{number},Food and Entertaining\n" for number in range(4))
    (raw / "categories.csv").write_text(f"task,category\n{table}", encoding="utf-8")


def myfixit(raw: Path) -> None:
    def row(number: int, orders: range) -> dict[str, Any]:
        steps = [
            {
                "Order": order,
                "Lines": [{"Text": f"{VERBS[place]} the screw no {chr(97 + number)}."}, {"Text": "Take care."}],
                "Text_raw": "",
                "Images": [f"https://d3nevzfk7ii3be.cloudfront.net/igi/pic{number}{place}.standard"],
                "StepId": order,
            }
            for place, order in enumerate(orders)
        ]
        return {
            "Title": f"Laptop {number} Replacement",
            "Guidid": number,
            "Category": "x",
            "Toolbox": [],
            "Steps": steps,
        }

    rows = [row(number, range(1, STEPS + 1)) for number in range(3)]
    rows.append(row(3, range(1, 2 * STEPS, 2)))  # Order skips numbers
    write_lines(raw / "jsons/Mac.json", rows)
    draw(raw, *(f"images/pic{number}{n}.jpeg" for number in range(4) for n in range(STEPS)))


def recipeqa(raw: Path) -> None:
    questions = []
    for number in range(3):
        steps = [
            {"id": n, "title": f"Step {n}: {VERBS[n]}", "body": "Text.", "images": [f"bean-{number}_{n}_0.jpg"]}
            for n in range(STEPS)
        ]
        about = {"recipe_id": f"cook-beans-{number}", "question": [], "answer": 0, "choice_list": []}
        questions.append({**about, "task": "visual_ordering", "context": [{**step, "images": []} for step in steps]})
        questions.append({**about, "task": "textual_cloze", "context": steps})
    questions.append({"recipe_id": "damaged", "context": None})  # no context
    (raw / "val.json").write_text(json.dumps({"data": questions}))
    draw(raw, *(f"images/val/images-qa/bean-{number}_{n}_0.jpg" for number in range(3) for n in range(STEPS)))


def articles(raw: Path) -> None:
    rows = [
        {
            "id": f"a{number}",
            "title": f"Cook {number}",
            "category": "food and entertaining",
            "steps": [
                {"headline": headline(number, n), "image": f"{raw.absolute()}/p/{number}-{n}.jpg"} for n in range(STEPS)
            ],
        }
        for number in range(3)
    ]
    write_lines(raw / "articles.jsonl", [*rows, {**rows[0], "id": "a3", "title": None}])  # no title
    draw(raw, *(f"p/{number}-{n}.jpeg" for number in range(3) for n in range(STEPS)))


def goalstep(raw: Path) -> None:
    def group(number: int, places: range) -> dict[str, Any]:
        page = f"https://www.wikihow.com/Cook-{number}?#/File:Cook-{number}-Step-"
        return {
            "name": "In a pot",
            "steps": [{"headline": headline(number, n), "description": "", "img": f"{page}{n}.jpg"} for n in places],
        }

    def row(number: int, **kinds: Any) -> dict[str, Any]:
        about = {"url": f"https://www.wikihow.com/Cook-{number}", "n_views": "1.234", "methods": [], "parts": []}
        path = ["Kategoriler", "Food and Entertaining", "Beans"]
        return {**about, "title": f"How to Cook {number}", "category_hierarchy": path, "steps": [], **kinds}

    every, half = range(STEPS), STEPS // 2
    url = "https://www.wikihow.com/images/thumb/a/Cook-2-Step-"
    bare = [{**step, "img": f"{url}{n}.jpg"} for n, step in enumerate(group(2, every)["steps"])]
    rows = [
        row(0, methods=[group(0, every)]),
        row(1, parts=[group(1, range(half)), group(1, range(half, STEPS))]),
        row(2, steps=bare),
        row(3, steps=[group(3, every)], methods=[group(3, every)]),  # in two orders at once
        row(4, title=None),
    ]
    (raw / "corpus").mkdir()
    for number, one in enumerate(rows):
        (raw / f"corpus/Cook-{number}.json").write_text(json.dumps(one), encoding="utf-8")
    draw(raw, *(f"images/Cook-{number}-Step-{n}.jpg" for number in range(4) for n in every))


def tiir(raw: Path) -> None:
    def row(number: int, pictures_first: bool = False) -> dict[str, Any]:
        steps = [(headline(number, n), f"doc_images/{number}_0_{n}.png") for n in range(STEPS)]
        items = [item for step in steps for item in (step[::-1] if pictures_first else step)]
        return {"id": f"d{number}", "data": [f"How to Cook {number}", *items]}

    rows = [row(0), row(1, pictures_first=True), row(2), row(3)]
    rows[2]["data"] = [item.replace("doc_images/", "./data/doc_images/") for item in rows[2]["data"]]
    rows[3]["data"].insert(3, "One text too many.")
    rows.append({"id": "d4", "data": []})  # no title
    write_lines(raw / "docs.jsonl", rows)
    table = "".join(f"d{number},Food and Entertaining\n" for number in range(4))
    (raw / "categories.csv").write_text(f"task,category\n{table}", encoding="utf-8")
    draw(raw, *(f"doc_images/{number}_0_{n}.png" for number in range(4) for n in range(STEPS)))


# layout: its writer, articles dropped as misaligned, records that cannot be read
LAYOUTS: dict[str, tuple[Callable[[Path], None], int, int]] = {
    "articles": (articles, 0, 1),
    "goalstep": (goalstep, 1, 1),
    "myfixit": (myfixit, 1, 0),
    "recipeqa": (recipeqa, 0, 1),
    "sequencing": (sequencing, 0, 1),
    "tiir": (tiir, 1, 1),
    "vgsi": (vgsi, 0, 2),
    "visualhow": (visualhow, 1, 0),
    "wikiplan": (wikiplan, 1, 0),
}
