"""A result as Hugging Face's `model-index`: metadata to paste at the head of a model card. Pure.

https://github.com/huggingface/hub-docs/blob/main/modelcard.md; written as JSON, which YAML reads too.
"""

from __future__ import annotations

import json
from typing import Any

from harness.contract.bundle import Bundle
from harness.errors import InputError

TASK = {"type": "visual-order-prediction", "name": "Vision-text order prediction"}


def card(found: Bundle) -> str:
    """The block between the two lines of dashes that begin a model card."""
    result = found.result
    if result["scores"] is None:
        raise InputError(f"{found.root}: a failed run has no score to put on a model card")
    accuracy, of = result["scores"]["accuracy"], result["set"]
    dataset = {
        "type": of["name"],
        "name": f"{of['name']} {of['version']}",
        "split": of["subset"],
        "revision": of["digest"],
        "args": {"modality": result["modality"]},
    }
    metrics = [_metric("macro", accuracy["macro"]), _metric("micro", accuracy["micro"])]
    metrics += [_metric(name, value) for name, value in sorted(accuracy["categories"].items())]
    source = {"name": f"WikiOrder harness {result['harness']['version']}, bundle {found.digest}"}
    entry = {"task": TASK, "dataset": dataset, "metrics": metrics, "source": source}
    index = [{"name": result["submission"]["title"], "results": [entry]}]
    return "---\nmodel-index: " + json.dumps(index, indent=2, ensure_ascii=True, allow_nan=False) + "\n---\n"


def _metric(name: str, found: dict[str, Any]) -> dict[str, Any]:
    interval = None if found["low"] is None else [found["low"], found["high"]]
    return {"type": "accuracy", "name": f"accuracy, {name}", "value": found["value"], "args": {"interval_95": interval}}
