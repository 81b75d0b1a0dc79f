"""`wikiplan`: folders `task_0/`, `task_1/`, ... of the WikiPlan collection (Lu et al. 2023).

    task_7/task.txt             "Task: How to Muddle"; only the first line of a text is read
    task_7/step_1.txt           the headline; steps are numbered from 1
    task_7/step_1.png or .jpg   the picture; step_1_caption.txt is not read

The folders hold no categories: `--categories` adds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dataset_builder.articles.article import Article, RawStep
from harness.errors import InputError

MARKER = "task_0"
SUFFIXES = (".png", ".jpg")
STEP = re.compile(r"step_(\d+)\.txt")


def read(raw: Path) -> Iterator[Article]:
    """Yield one article per folder `task_<number>`."""
    for folder in raw.glob("task_*"):
        if folder.is_dir() and folder.name.removeprefix("task_").isdecimal():
            yield _article(folder)


def _article(folder: Path) -> Article:
    numbers = sorted(int(match[1]) for path in folder.iterdir() if (match := STEP.fullmatch(path.name)))
    try:
        steps = tuple(
            RawStep(_first_line(folder / f"step_{number}.txt"), _picture(folder, number)) for number in numbers
        )
        title = _first_line(folder / "task.txt")
        return Article(folder.name, re.sub(r"^task:\s*", "", title, flags=re.IGNORECASE), "", steps)
    except ValueError as error:
        raise InputError(f"{folder}: {error}") from None


def _first_line(path: Path) -> str:
    try:
        return next(iter(path.read_text(encoding="utf-8").splitlines()), "")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; wanted one in every task folder") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None


def _picture(folder: Path, number: int) -> str:
    """Return the path of the step's picture below the raw folder; empty if there is none."""
    found = (f"step_{number}{suffix}" for suffix in SUFFIXES if (folder / f"step_{number}{suffix}").exists())
    name = next(found, "")
    return f"{folder.name}/{name}" if name else ""
