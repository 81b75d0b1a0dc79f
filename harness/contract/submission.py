"""A submission: one folder under `submissions/`, with a `submission.toml` that is data only."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.contract.protocol import MAX_BATCH
from harness.contract.result import Count, Digest, Kind, Name
from harness.errors import InputError
from harness.records import Modality
from harness.serve_prompt import SIDE

MANIFEST = "submission.toml"
IGNORED = {"__pycache__", ".git", ".DS_Store"}
MAX_MEMORY_GIB = 512
PICTURE_BYTES = 1_000_000  # of a picture sent to a served model; vendors refuse those above 5 to 20 MB


class Resources(Record, frozen=True, kw_only=True):
    """The resources that a submission asks for; the sandbox's own limits stand above them."""

    gpu: bool = False
    memory_gib: Annotated[float, Meta(gt=0, le=MAX_MEMORY_GIB)] = 4.0
    batch: Annotated[int, Meta(ge=1, le=MAX_BATCH)] = 64


class ImageSource(Record, frozen=True, kw_only=True):
    """Where the container image comes from: a Dockerfile in the folder, or an image named by digest."""

    dockerfile: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,80}$")] | None = None
    reference: Annotated[str, Meta(pattern="^[a-z0-9./:_-]{1,200}@sha256:[0-9a-f]{64}$")] | None = None

    def __post_init__(self) -> None:
        if (self.dockerfile is None) == (self.reference is None):
            raise ValueError("name either `dockerfile` or `reference`, not both")


class WeightsSource(Record, frozen=True, kw_only=True):
    """Where the weights come from, in the contributor's words; nothing is downloaded from it."""

    source: Annotated[str, Meta(max_length=300)]
    revision: Annotated[str, Meta(max_length=100)] | None = None
    sha256: Digest | None = None


class EndpointSource(Record, frozen=True, kw_only=True):
    """A model behind an OpenAI-compatible endpoint, which the harness asks itself; the folder holds no program.

    `prompt` names a TOML file in the folder; `temperature` is 0 by default, or 1 with several samples.
    """

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    served_by: Annotated[str, Meta(min_length=1, max_length=100)]
    url: Annotated[str, Meta(pattern="^https?://", max_length=300)] | None = None
    revision: Annotated[str, Meta(max_length=100)] | None = None
    prompt: Annotated[str, Meta(pattern="^[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}$")] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | Literal["default"] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=100_000)] = 8
    samples: Annotated[int, Meta(ge=1, le=100)] = 1
    logprobs: bool | None = None  # None: asked of the server
    side: Annotated[int, Meta(ge=28, le=4096)] = SIDE
    picture_bytes: Annotated[int, Meta(ge=4096, le=20_000_000)] = PICTURE_BYTES
    parameters: dict[str, str | int | float | bool] = field(default_factory=dict)  # further fields of each request


class SubmissionManifest(Record, frozen=True, kw_only=True):
    """`submission.toml`: a submission's description and command. Nothing in it can loosen the sandbox."""

    name: Name
    authors: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(min_length=1, max_length=50)
    ]
    licence: Annotated[str, Meta(min_length=1, max_length=100)]
    modalities: Annotated[tuple[Modality, ...], Meta(min_length=1)]
    command: Annotated[tuple[Annotated[str, Meta(max_length=500)], ...], Meta(min_length=1, max_length=50)] = ()
    title: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    kind: Kind = "model"
    paper: Annotated[str, Meta(max_length=300)] | None = None
    parameters: Count | None = None
    image: ImageSource = ImageSource(dockerfile="Dockerfile")
    resources: Resources = Resources()
    weights: WeightsSource | None = None
    training_data: Annotated[tuple[Annotated[str, Meta(max_length=300)], ...], Meta(max_length=50)] = ()
    endpoint: EndpointSource | None = None

    def __post_init__(self) -> None:
        if len(set(self.modalities)) < len(self.modalities):
            raise ValueError(f"modalities names one twice: {', '.join(self.modalities)}")
        if bool(self.command) == (self.endpoint is not None):
            raise ValueError("state either `command` (a program) or `endpoint` (a served model), not both")


@dataclass(frozen=True)
class Submission:
    """A submission on disk. digest: SHA-256 over the path and content of every file in the folder."""

    folder: Path
    digest: str
    manifest: SubmissionManifest

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def title(self) -> str:
        return self.manifest.title or self.manifest.name

    @property
    def command(self) -> tuple[str, ...]:
        return self.manifest.command

    @property
    def image(self) -> ImageSource:
        return self.manifest.image

    @property
    def resources(self) -> Resources:
        return self.manifest.resources


def load(folder: Path) -> Submission:
    """Read and check `folder/submission.toml`.

    Raises:
        InputError: the folder or the manifest is missing or not valid; the message names the field.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; wanted a submission, such as submissions/coin")
    if not path.is_file():
        raise InputError(f"{folder}: no {MANIFEST} in it, so it is no submission; copy one from submissions/coin")
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML ({error})") from None
    return Submission(folder, folder_digest(folder), decoding.convert(SubmissionManifest, record, str(path)))


def folder_digest(folder: Path) -> str:
    """Return one SHA-256 for a folder: of the sorted lines `<sha256>  <path>`. For a link, its target's name counts."""
    lines = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if IGNORED.intersection(name.parts) or (path.is_dir() and not path.is_symlink()):
            continue
        content = hashlib.sha256(str(path.readlink()).encode()).hexdigest() if path.is_symlink() else files.sha256(path)
        lines.append(f"{content}  {name.as_posix()}\n")
    return hashlib.sha256("".join(sorted(lines, key=lambda line: line[66:])).encode()).hexdigest()
