"""`recipe.json`, the record of a checkpoint: model, data, settings, validation accuracy. The owner of the format.

Predictors read it in their container, where msgspec is not installed, so the checks here use the standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from submissions.shared.execution import Execution
from submissions.shared.settings import ENCODER_NAMES, MODALITIES, RecipeError, Settings

FORMAT = 1
RECORD = "recipe.json"
SUBSETS = {"train", "validation"}
FIELDS = {"format", "baseline", "modality", "category", "data", "start", "pairs", "settings", "pace", "best_epoch"}
FIELDS |= {"validation_accuracy"}

Options = TypeVar("Options", Settings, Execution)
Value = TypeVar("Value", str, int)


@dataclass(frozen=True)
class Origin:
    """The data and the starting point of a run.

    category: full name; None for all categories. data: the digest of each subset. pairs: the number of pairs of each.
    start: the folder of the pretrained checkpoint, or "from scratch".
    """

    category: str | None
    data: Mapping[str, str]
    start: str
    pairs: Mapping[str, int]


@dataclass(frozen=True)
class CheckpointRecord:
    """The content of `recipe.json`. execution: None in records that older releases wrote."""

    baseline: str
    modality: str
    origin: Origin
    settings: Settings
    execution: Execution | None
    best_epoch: int
    validation_accuracy: float

    def write(self, folder: Path) -> None:
        """Write the record into a checkpoint's folder. Written last, so a folder with a record is complete."""
        page = {
            "format": FORMAT,
            "baseline": self.baseline,
            "modality": self.modality,
            **asdict(self.origin),
            "settings": asdict(self.settings),
            "best_epoch": self.best_epoch,
            "validation_accuracy": self.validation_accuracy,
        }
        if self.execution is not None:
            page["pace"] = asdict(self.execution)
        (folder / RECORD).write_text(json.dumps(page, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, found: Mapping[str, object]) -> CheckpointRecord:
        """Check a parsed `recipe.json`. Settings that an older release did not know take their default.

        Raises:
            ValueError: a field is missing, unknown, or of another type; the message names it.
        """
        if unknown := found.keys() - FIELDS:
            raise ValueError(f"unknown field {min(unknown)!r}")
        if found.get("format") != FORMAT:
            raise ValueError(f"format {found.get('format')!r}, wanted {FORMAT}")
        category = found.get("category")
        if not (category is None or isinstance(category, str)):
            raise ValueError(f"category {category!r}, wanted a name or null")
        epoch, accuracy = found.get("best_epoch"), found.get("validation_accuracy")
        if type(epoch) is not int or epoch < 0:
            raise ValueError(f"best_epoch {epoch!r}, wanted a whole number from 0")
        if not (isinstance(accuracy, float | int) and 0 <= accuracy <= 1):
            raise ValueError(f"validation_accuracy {accuracy!r}, wanted a number in [0, 1]")
        return cls(
            baseline=_choice(found, "baseline", ENCODER_NAMES),
            modality=_choice(found, "modality", MODALITIES),
            origin=Origin(
                category, _by_subset(found, "data", str), _text(found, "start"), _by_subset(found, "pairs", int)
            ),
            settings=_options(Settings, found, "settings"),
            execution=_options(Execution, found, "pace") if "pace" in found else None,
            best_epoch=epoch,
            validation_accuracy=accuracy,
        )


def read_record(folder: Path) -> CheckpointRecord:
    """Return the record of a checkpoint.

    Raises:
        RecipeError: there is no record in `folder`, or it is not valid.
    """
    path = folder / RECORD
    if not path.is_file():
        raise RecipeError(f"{folder}: no finished checkpoint in it (no {RECORD}); `wikiorder finetune` makes one")
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not valid JSON ({error}); train the checkpoint again") from None
    try:
        if not isinstance(found, dict):
            raise ValueError("no JSON object")  # noqa: TRY004, TRY301  # one error for every fault of the file
        return CheckpointRecord.from_json(found)
    except ValueError as error:
        raise RecipeError(
            f"{path}: not the record of a checkpoint of this recipe ({error}); retrain with `wikiorder finetune`"
        ) from None


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} {value!r}, wanted text")  # noqa: TRY004  # one error for every fault of the file
    return value


def _choice(found: Mapping[str, object], name: str, choices: Sequence[str]) -> str:
    value = _text(found, name)
    if value not in choices:
        raise ValueError(f"{name} {value!r}, wanted one of {', '.join(choices)}")
    return value


def _by_subset(found: Mapping[str, object], name: str, kind: type[Value]) -> dict[str, Value]:
    """Return the object `name`, which holds one value of type `kind` for each subset."""
    held = found.get(name)
    if not isinstance(held, dict) or held.keys() != SUBSETS:
        raise ValueError(f"{name} {held!r}, wanted an object with {' and '.join(sorted(SUBSETS))}")
    for subset, value in held.items():
        if type(value) is not kind:
            raise ValueError(f"{name}.{subset} {value!r}, wanted {kind.__name__}")
    return held


def _options(kind: type[Options], found: Mapping[str, object], name: str) -> Options:
    """Return the object `name` as a dataclass of options, each of the type of its default."""
    held = found.get(name)
    if not isinstance(held, dict):
        raise ValueError(f"{name} {held!r}, wanted an object")  # noqa: TRY004  # one error for every fault of the file
    defaults = {field.name: field.default for field in fields(kind)}
    for key, value in held.items():
        if key not in defaults:
            raise ValueError(f"unknown field {name}.{key}")
        wanted = type(defaults[key])
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise ValueError(f"{name}.{key} {value!r}, wanted {wanted.__name__}")
    return kind(**held)
