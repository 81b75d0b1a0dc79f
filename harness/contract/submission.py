"""A submission: one folder under `submissions/`, with a `submission.toml` that is data only.

Covered: the digest of a folder covers every byte of it that a sandbox ships; an entry that cannot be shipped as it is
(a pipe, a device, a link out of the folder) is refused by name before anything in the folder is opened. A snapshot in a
Hugging Face cache links to the cache's blobs; such a link counts as the file that it stands for.
Not covered: caches and hidden files of tools (`IGNORED`), which no sandbox ships.
"""

from __future__ import annotations

import hashlib
import io
import os
import shlex
import stat
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Literal, NamedTuple

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
MAX_MANIFEST_BYTES = 2**20
MAX_FOLDER_BYTES = 40 * 2**30  # apparent size, so that a sparse file counts in full; the limit for an image is the same
MAX_ENTRIES = 100_000
MAX_DEPTH = 32  # folders within folders; a deeper tree is made to break recursive programs
SHIPPED_MODE = 0o755  # of every shipped file, since the digest covers no modes
CHUNK = 2**20  # bytes
BLOBS = ("..", "..", "blobs")  # from a snapshot of a Hugging Face cache


class FolderEntry(NamedTuple):
    """One regular file or link of a folder that is shipped.

    Attributes:
        name: path in the folder, with slashes.
        link: target of a link; None for a file.
        size: bytes of a file.
        at: path of its content from the folder; it differs from `name` for a blob of a Hugging Face cache.
    """

    name: str
    link: str | None
    size: int
    at: str


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
    """A submission on disk. digest: SHA-256 over the path and content of every file that a sandbox ships."""

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
    """Read and check `folder/submission.toml` and the kinds of all entries of the folder.

    Raises:
        InputError: the folder or the manifest is missing or not valid, or the folder holds an entry that cannot be
            shipped; the message names the field or the entry.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; wanted a submission, such as submissions/coin")
    sizes = {entry.name: entry.size for entry in entries(folder) if entry.link is None}
    if MANIFEST not in sizes:
        raise InputError(f"{folder}: no {MANIFEST} in it, so it is no submission; copy one from submissions/coin")
    if sizes[MANIFEST] > MAX_MANIFEST_BYTES:
        raise InputError(f"{path}: has {sizes[MANIFEST]} bytes, over {MAX_MANIFEST_BYTES}. Write a shorter manifest.")
    try:
        with _open(folder, MANIFEST) as stream:
            record = tomllib.loads(stream.read(MAX_MANIFEST_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML ({error})") from None
    return Submission(folder, folder_digest(folder), decoding.convert(SubmissionManifest, record, str(path)))


def entries(folder: Path) -> list[FolderEntry]:
    """Return the files and links of a folder that a sandbox ships, sorted by name. Nothing is opened.

    Raises:
        InputError: an entry is neither a file nor a folder nor a link within the folder, its name is not printable
            UTF-8, or the folder is too large.
    """
    found = sorted(_walk(folder, "", 1), key=lambda entry: entry.name)
    total = sum(entry.size for entry in found)
    if total > MAX_FOLDER_BYTES:
        largest = max(found, key=lambda entry: entry.size)
        raise InputError(
            f"{folder}: holds {total / 2**30:.0f} GiB, over {MAX_FOLDER_BYTES / 2**30:.0f}; the largest file is "
            f"{largest.name}. Keep only the files that the predictor reads."
        )
    return found


def _walk(root: Path, below: str, depth: int) -> Iterator[FolderEntry]:
    """Yield the entries below folder `below` of `root`, which lies `depth` folders deep."""
    if depth > MAX_DEPTH:
        raise InputError(f"{root}: {below[:80]}... lies over {MAX_DEPTH} folders deep. Use fewer levels.")
    try:
        with os.scandir(root / below) as listing:
            inside = list(zip(range(MAX_ENTRIES + 1), listing, strict=False))
    except OSError as error:
        raise _unreadable(root / below, root, error) from None
    if len(inside) > MAX_ENTRIES:
        raise InputError(f"{root / below}: holds over {MAX_ENTRIES} entries. Pack them into fewer files.")
    for _, entry in inside:
        if entry.name in IGNORED:
            continue
        name = f"{below}/{entry.name}" if below else entry.name
        if not entry.name.isprintable():  # lone surrogates, which stand for bytes that are not UTF-8, are not either
            raise InputError(f"{root}: the name {name!r} is not printable UTF-8. Rename the entry.")
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(root, name, depth + 1)
        elif stat.S_ISLNK(status.st_mode):
            yield _blob(root, name) or FolderEntry(name, _link_within(root, name), 0, name)
        elif stat.S_ISREG(status.st_mode):
            yield FolderEntry(name, None, status.st_size, name)
        else:
            found = files.KINDS.get(stat.S_IFMT(status.st_mode), "of an unknown kind")
            raise InputError(f"{root}: {name} is {found}; wanted files, folders and links. Remove it.")


def _blob(root: Path, name: str) -> FolderEntry | None:
    """Return the blob that a link in a snapshot of a Hugging Face cache stands for; None if it is no such link."""
    target = (root / name).readlink()
    at = (
        os.path.relpath(target, root.resolve())
        if target.is_absolute()
        else os.path.normpath(Path(name).parent / target)
    )
    if root.resolve().parent.name != "snapshots" or PurePosixPath(at).parts[:-1] != BLOBS:
        return None
    try:
        status = os.lstat(root / at)
    except OSError as error:
        raise InputError(f"{root / name}: its blob {at} cannot be found ({error.strerror}). Fetch it again.") from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{root / name}: its blob {at} is no file. Fetch it again.")
    return FolderEntry(name, None, status.st_size, at)


def _link_within(root: Path, name: str) -> str:
    """Return the target of a link, which must lie in the folder."""
    target = str((root / name).readlink())
    parts: list[str] = list(PurePosixPath(name).parent.parts)
    leaves = target.startswith("/") or not target.isprintable()
    for part in PurePosixPath(target).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            leaves = True
    if leaves:
        raise InputError(f"{root}: {name} is a link to {target!r}, which is not in the folder. Copy the file instead.")
    return target


def _open(folder: Path, name: str) -> IO[bytes]:
    """Open a regular file of a folder, even if the entry is replaced by a pipe or a link meanwhile.

    Raises:
        InputError: it cannot be opened, or is no regular file any more.
    """
    try:
        stream = open(folder / name, "rb", opener=_opener)  # noqa: SIM115 - the caller closes it
    except OSError as error:
        raise _unreadable(folder / name, folder, error) from None
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise InputError(f"{folder / name}: was a file and is none now. Leave the folder unchanged during a run.")
    return stream


def _unreadable(path: Path, folder: Path, error: OSError) -> InputError:
    """Return the error for a file or folder that the harness cannot read: its path, its mode, and how to mend it."""
    try:
        mode = f" (mode {stat.S_IMODE(path.lstat().st_mode):04o})"
    except OSError:
        mode = ""
    return InputError(f"{path}{mode}: {error.strerror}. Make it readable: chmod -R a+rX {shlex.quote(str(folder))}")


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


class _Digest:
    """The digest of a folder, from its entries in any order."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, entry: FolderEntry, sha256: str) -> None:
        """Add one entry. A link differs from a file that holds the name of its target."""
        self._lines.append(f"{sha256} {' ' if entry.link is None else '>'}{entry.name}\n")

    def __str__(self) -> str:
        return hashlib.sha256("".join(sorted(self._lines, key=lambda line: line[66:])).encode()).hexdigest()


def folder_digest(folder: Path) -> str:
    """Return one SHA-256 for a folder: of the sorted lines `<sha256>  <path>`.

    For a link, the SHA-256 of its target's name counts, and ">" stands for the second space.

    Raises:
        InputError: `entries` refuses the folder, or a file cannot be read.
    """
    digest = _Digest()
    for entry in entries(folder):
        digest.add(entry, _sha256_of(folder, entry, None))
    return str(digest)


def ship(submission: Submission, target: Path) -> None:
    """Copy exactly the digested files into an empty folder, each with the same mode.

    Raises:
        InputError: a file is unreadable, or the folder has changed since it was loaded.
    """
    digest = _Digest()
    for entry in entries(submission.folder):
        path = target / entry.name
        for parent in reversed(path.relative_to(target).parents[:-1]):
            (target / parent).mkdir(exist_ok=True)
            (target / parent).chmod(SHIPPED_MODE)
        if entry.link is not None:
            path.symlink_to(entry.link)
            digest.add(entry, _sha256_of(submission.folder, entry, None))
            continue
        with path.open("xb") as copy:
            digest.add(entry, _sha256_of(submission.folder, entry, copy))
        path.chmod(SHIPPED_MODE)
        os.utime(path, (0, 0))
    _check_unchanged(submission, str(digest))


def ship_archive(submission: Submission, target: IO[bytes]) -> None:
    """Write exactly the digested files as a tar archive, whose bytes depend on them alone.

    Raises:
        InputError: a file is unreadable, or the folder has changed since it was loaded.
    """
    digest = _Digest()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries(submission.folder):
            member = tarfile.TarInfo(entry.name)
            member.mode, member.size = SHIPPED_MODE, entry.size
            if entry.link is not None:
                member.type, member.linkname = tarfile.SYMTYPE, entry.link
                archive.addfile(member)
                digest.add(entry, _sha256_of(submission.folder, entry, None))
                continue
            with _open(submission.folder, entry.at) as stream:
                reader = _Hashing(stream)
                try:
                    archive.addfile(member, reader)
                except OSError:  # the archive module reports a file that has become shorter in this way
                    raise _changed(submission) from None
                digest.add(entry, reader.sha256.hexdigest())
    _check_unchanged(submission, str(digest))


class _Hashing(io.RawIOBase):
    """A stream that hashes the bytes that are read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.sha256 = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        content = self._stream.read(size)
        self.sha256.update(content)
        return content


def _sha256_of(folder: Path, entry: FolderEntry, copy: IO[bytes] | None) -> str:
    """Return the SHA-256 of an entry; a file's bytes are also written to `copy`."""
    if entry.link is not None:
        return hashlib.sha256(entry.link.encode()).hexdigest()
    digest = hashlib.sha256()
    with _open(folder, entry.at) as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            if copy is not None:
                copy.write(chunk)
    return digest.hexdigest()


def _check_unchanged(submission: Submission, digest: str) -> None:
    if digest != submission.digest:
        raise _changed(submission)


def _changed(submission: Submission) -> InputError:
    return InputError(f"{submission.folder}: changed since it was loaded. Leave it unchanged during a run.")


def copy_entry(folder: Path, entry: FolderEntry, target: Path) -> None:
    """Copy one file or link of a folder to the new path `target`.

    Raises:
        InputError: the file is unreadable.
        OSError: the copy cannot be written.
    """
    if entry.link is not None:
        target.symlink_to(entry.link)
        return
    with target.open("xb") as copy:
        _sha256_of(folder, entry, copy)


def check_covered(weights: Path) -> None:
    """Check that the digest of a folder of weights, which is mounted whole, covers every file in it.

    Raises:
        InputError: it holds an entry that `folder_digest` ignores or refuses.
    """
    entries(weights)
    for folder, folders, names in os.walk(weights):
        for name in IGNORED.intersection((*folders, *names)):
            raise InputError(f"{Path(folder) / name}: the digest of the weights does not cover it. Remove it.")
