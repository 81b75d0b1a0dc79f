"""`wikiplan`: folders `task_0/`, `task_1/`, ... of WikiPlan and RecipePlan (Lu et al. 2023).

    task_7/task.txt             "Task: How to Muddle"; only the first line of a text is read, as in the authors' loader
    task_7/step_1.txt           the headline; steps are numbered from 1 without gaps
    task_7/step_1.png or .jpg   the picture; step_1_caption.txt is not read

The folders hold no categories: `--categories` adds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place
from dataset_builder.sources.records import BadRecord, ReadRecord
from harness.contract import files
from harness.errors import InputError

MARKER = "task_*/task.txt"
STEP = re.compile(r"step_(\d+)\.txt")
TOLD = 5  # missing steps that are told by name


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield one article or bad record per folder `task_<number>`."""
    for folder in sorted(pictures.raw.glob("task_*")):
        if folder.is_dir() and folder.name.removeprefix("task_").isdecimal():
            try:
                yield _article(pictures, folder)
            except InputError as error:
                yield BadRecord(str(error))
            except ValueError as error:
                yield BadRecord(f"{folder}: {error}")


def _article(pictures: CrawlPictures, folder: Path) -> Article:
    numbers = sorted(int(match[1]) for path in folder.iterdir() if (match := STEP.fullmatch(path.name)))
    steps = tuple(
        RawStep(
            _first_line(folder / f"step_{number}.txt"),
            pictures.find(Place("task_<n>/step_<k>.png", f"{folder.name}/step_{number}.png"), named=False),
        )
        for number in numbers
    )
    title = re.sub(r"^task:\s*", "", _first_line(folder / "task.txt"), flags=re.IGNORECASE)
    return Article(folder.name, title, "", steps, fault=_gap(numbers))


def _gap(numbers: Sequence[int]) -> str:
    """Return the steps that the numbering skips; empty if it runs from 1."""
    held = {number for number in numbers if number > 0}
    count = max(held, default=0) - len(held)
    missing = islice((number for number in range(1, max(held, default=0)) if number not in held), TOLD)
    more = f" and {count - TOLD} more" if count > TOLD else ""
    return f"no {', '.join(f'step_{number}' for number in missing)}{more} of {len(numbers)} steps" if count else ""


def _first_line(path: Path) -> str:
    try:
        return next(iter(files.content(path).decode("utf-8").splitlines()), "")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; wanted one in every task folder") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None
