"""The JSON Schemas of every file format and message, generated from the record types into `schemas/`.

python -m harness.contract.published_schemas    writes them anew; a test compares them with the types
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.contract import bundle, decoding, frozen_set, ledger, protocol, result, signature, submission

FOLDER = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

# file name: the type, or the types of which one applies
TYPES: dict[str, tuple[type, ...]] = {
    "manifest": (frozen_set.Manifest,),
    "question": (frozen_set.QuestionLine,),
    "ground_truth": (frozen_set.TruthLine,),
    "submission": (submission.SubmissionManifest,),
    "result": (result.Result,),
    "environment": (result.Environment,),
    "timings": (result.Timings,),
    "article_count": (bundle.ArticleCount,),
    "prediction": (bundle.PredictionLine,),
    "variant": (bundle.VariantLine,),
    "signature": (signature.SignatureFile,),
    "ledger_line": (ledger.LedgerLine,),
    "initialize_request": (protocol.InitializeRequest,),
    "initialize_reply": (protocol.InitializeReply, protocol.FailedReply),
    "predict_pairs_request": (protocol.PredictPairsRequest,),
    "predict_pairs_reply": (protocol.PredictPairsReply, protocol.FailedReply),
}


def generate(name: str) -> dict[str, Any]:
    """Return the JSON Schema of one file format or message."""
    return of_types(*TYPES[name])


def of_types(*kinds: type) -> dict[str, Any]:
    """Return the JSON Schema of one type, or of several of which exactly one applies."""
    found, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    root = found[0] if len(found) == 1 else {"oneOf": list(found)}
    return {"$schema": DIALECT, **root, "$defs": components}


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for name in TYPES:
        (FOLDER / f"{name}.schema.json").write_text(decoding.json_page(generate(name)), encoding="utf-8")


if __name__ == "__main__":
    main()
