"""`recipeqa`: the recipes of RecipeQA (Yagcioglu et al., EMNLP 2018).

`train.json`, `val.json`, `test.json`: {"data": [{recipe_id, task, context[{id, title, body, images[]}], question,
choice_list, answer}]}, as public loaders read them. Every question about a recipe repeats its context; a recipe is read
once, from the question whose context shows most pictures (visual tasks, `visual_ordering` among them, leave them out).
The headline of a step is its title, else the first sentence of its body. Pictures are
`images/<train|val|test>/images-qa/<name>`, or `images/<name>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from msgspec import field

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place
from dataset_builder.sources.records import BadRecord, ReadRecord, make_article, read_object
from harness.contract import decoding
from harness.contract.decoding import Record
from harness.errors import InputError

SUBSETS = ("train", "val", "test")
MARKERS = tuple(f"{subset}.json" for subset in SUBSETS)
CATEGORY = "Recipes"
SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.S)
# A title such as "Step 3:" says nothing. Each run of spaces fits one part of the pattern, so long ones take no longer.
GENERIC = re.compile(r"(?:step\s*(?:\d+\s*)?)?(?:[:.\-]\s*)?", re.I)


class RecipeStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step of a recipe's context."""

    id: int | str | None = None
    title: str | None = None
    body: str | None = None
    images: list[str] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """The step's title, or the first sentence of its body if the title only counts."""
        title, body = (self.title or "").strip(), (self.body or "").strip()
        if not GENERIC.fullmatch(title):
            return title
        return match[0] if (match := SENTENCE.match(body)) else body


class RecipeQuestion(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One question about a recipe, with the recipe as its context."""

    recipe_id: str
    context: list[RecipeStep]

    @property
    def pictures(self) -> int:
        """The number of steps with a picture."""
        return sum(bool(step.images) for step in self.context)


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield each recipe once, and a bad record for each question that cannot be read."""
    for subset in SUBSETS:
        path = pictures.raw / f"{subset}.json"
        if not path.exists():
            continue
        best: dict[str, RecipeQuestion] = {}
        questions = read_object(path).get("data")
        if not isinstance(questions, list):
            yield BadRecord(f"{path}: data: wanted a list of questions")
            continue
        for number, row in enumerate(questions):
            try:
                question = decoding.convert(RecipeQuestion, row, f"{path}: data[{number}]")
            except InputError as error:
                yield BadRecord(str(error))
                continue
            held = best.get(question.recipe_id)
            if held is None or question.pictures > held.pictures:
                best[question.recipe_id] = question
        for name, recipe in best.items():
            yield make_article(partial(_article, pictures, subset, recipe), f"{path}: {name}")


def _article(pictures: CrawlPictures, subset: str, recipe: RecipeQuestion) -> Article:
    steps = tuple(RawStep(step.headline, pictures.find(*_places(subset, step))) for step in recipe.context)
    return Article(recipe.recipe_id, recipe.recipe_id.replace("-", " "), CATEGORY, steps)


def _places(subset: str, step: RecipeStep) -> Iterator[Place]:
    for name in step.images[:1]:
        yield Place("images/<subset>/images-qa/<images[0]>", f"images/{subset}/images-qa/{name}")
        yield Place("images/images-qa/<images[0]>", f"images/images-qa/{name}")
        yield Place("images/<images[0]>", f"images/{name}")
