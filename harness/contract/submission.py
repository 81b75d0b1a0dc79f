"""A submission: one folder under `submissions/`, with a `submission.toml` that is data only."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from harness.contract import files, schema
from harness.contract.protocol import MAX_BATCH
from harness.errors import InputError
from harness.records import Modality

MANIFEST = "submission.toml"
IGNORED = {"__pycache__", ".git", ".DS_Store"}


@dataclass(frozen=True, slots=True)
class Resources:
    """What a submission asks for; the sandbox's own limits stand above it."""

    gpu: bool = False
    memory_gib: float = 4.0
    batch: int = 64

    def __post_init__(self) -> None:
        if not 0 < self.memory_gib <= 512 or not 1 <= self.batch <= MAX_BATCH:
            raise ValueError(f"resources out of range: {self}")


@dataclass(frozen=True)
class Submission:
    """A submission as its folder says. digest: SHA-256 over the path and content of every file in the folder."""

    folder: Path
    digest: str
    name: str
    title: str
    kind: str
    authors: tuple[str, ...]
    licence: str
    modalities: tuple[Modality, ...]
    command: tuple[str, ...]
    dockerfile: str | None
    image: str | None
    resources: Resources
    parameters: int | None
    paper: str | None
    training_data: tuple[str, ...]


def load(folder: Path) -> Submission:
    """Read and check `folder/submission.toml`."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; wanted a submission, such as submissions/coin")
    if not path.is_file():
        raise InputError(f"{folder}: no {MANIFEST} in it, so it is no submission; copy one from submissions/coin")
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML ({error})") from None
    schema.check(record, "submission", str(path))
    image = record.get("image", {"dockerfile": "Dockerfile"})
    try:
        resources = Resources(**record.get("resources", {}))
    except ValueError as error:  # NaN passes a JSON Schema's bounds
        raise InputError(f"{path}: {error}") from None
    return Submission(
        folder=folder,
        digest=folder_digest(folder),
        name=record["name"],
        title=record.get("title", record["name"]),
        kind=record.get("kind", "model"),
        authors=tuple(record["authors"]),
        licence=record["licence"],
        modalities=tuple(Modality(name) for name in record["modalities"]),
        command=tuple(record["command"]),
        dockerfile=image.get("dockerfile"),
        image=image.get("reference"),
        resources=resources,
        parameters=record.get("parameters"),
        paper=record.get("paper"),
        training_data=tuple(record.get("training_data", [])),
    )


def folder_digest(folder: Path) -> str:
    """One SHA-256 for a folder: of the sorted lines `<sha256>  <path>`. Of a link, its target's name counts."""
    lines = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if IGNORED.intersection(name.parts) or (path.is_dir() and not path.is_symlink()):
            continue
        content = hashlib.sha256(str(path.readlink()).encode()).hexdigest() if path.is_symlink() else files.sha256(path)
        lines.append(f"{content}  {name.as_posix()}\n")
    return hashlib.sha256("".join(sorted(lines, key=lambda line: line[66:])).encode()).hexdigest()
