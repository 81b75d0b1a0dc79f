"""croissant.json: a frozen set for machines (MLCommons Croissant 1.0, https://docs.mlcommons.org/croissant/docs/)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dataset_builder.describe import card
from harness.contract import files
from harness.contract.frozen_set import Manifest

NAME = "croissant.json"
QUESTIONS, ANSWERS, PICTURES = "questions.jsonl", "answers/answers.jsonl", "images"

TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes "
    "isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "separator source subField transform"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "conformsTo": "dct:conformsTo",
    **{term: f"cr:{term}" for term in TERMS.split()},
}


def describe(manifest: Manifest, root: Path) -> dict[str, Any]:
    """The metadata of the set in `root`, whose questions and answers are written already."""
    public = manifest.visibility == "public"
    tables = [QUESTIONS, ANSWERS] if public else [QUESTIONS]
    records = [_questions(), _answers()] if public else [_questions()]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"{manifest.name}-{manifest.version}-{manifest.subset}",
        "description": "Do two steps of a how-to article, each a picture and a headline, stand in their true order?",
        "version": ".".join([*manifest.version.split("."), "0", "0"][:3]),
        "license": card.licence(manifest),
        "citeAs": f"WikiOrder: {card.title(manifest)}",
        "keywords": ["step order", "how-to", "multimodal", "benchmark"],
        "distribution": [*(_table(root, name) for name in tables), _pictures()],
        "recordSet": records,
    }


def _table(root: Path, name: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": Path(name).name,
        "contentUrl": name,
        "encodingFormat": "application/jsonlines",
        "sha256": files.sha256(root / name),
    }


def _pictures() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": PICTURES,
        "name": PICTURES,
        "description": "Each picture is named by the SHA-256 of its content.",
        "encodingFormat": ["image/jpeg", "image/png", "image/webp"],
        "includes": f"{PICTURES}/*/*",
    }


def _questions() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "questions",
        "name": "questions",
        "description": "One pair of steps a record, as a predictor is asked.",
        "key": {"@id": "questions/pair_id"},
        "field": [
            *(_field("questions", name, QUESTIONS) for name in ("pair_id", "category", "title")),
            *(_of_steps(name) for name in ("headline", "image")),
        ],
    }


def _answers() -> dict[str, Any]:
    of_question = {"references": {"field": {"@id": "questions/pair_id"}}}
    return {
        "@type": "cr:RecordSet",
        "@id": "answers",
        "name": "answers",
        "description": "Label 1: in order; 0: out of order.",
        "key": {"@id": "answers/pair_id"},
        "field": [
            _field("answers", "pair_id", ANSWERS) | of_question,
            _field("answers", "label", ANSWERS, kind="sc:Integer"),
            _field("answers", "article_id", ANSWERS),
        ],
    }


def _of_steps(name: str) -> dict[str, Any]:
    """A list of two: of the step shown first and of the one shown second."""
    field = _field("questions", f"{name}s", QUESTIONS)
    field["source"] |= {"extract": {"column": "steps"}, "transform": {"jsonPath": f"$.{name}"}}
    return field | {"repeated": True}


def _field(records: str, name: str, table: str, kind: str = "sc:Text") -> dict[str, Any]:
    source = {"fileObject": {"@id": table}, "extract": {"column": name}}
    return {"@type": "cr:Field", "@id": f"{records}/{name}", "name": name, "dataType": kind, "source": source}
