"""The published checkpoints that the paper's preset starts from: pinned by revision, locked by checksum.

`weights.lock.json` holds the SHA-256 of their files; a file that differs is refused. The first checksums were not
computed from a download. They are those that two or more independent public projects record for these revisions, except
BLIP's config.json (one record) and ViT's config.json (its bytes were rebuilt and have the hub's blob hash). ViT's
preprocessor_config.json is not locked yet: `wikiorder weights lock` adds missing checksums and changes no others.
Not covered: the content that publishers put into these files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.contract import decoding
from harness.errors import InputError
from submissions.shared.settings import RecipeError

LOCK = Path(__file__).parent / "weights.lock.json"
PICTURES = ("config.json", "preprocessor_config.json")
TEXT = ("config.json", "tokenizer.json")

LockedDigest = Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")]
Checksums = dict[str, LockedDigest]  # SHA-256 by name in the checkpoint


@dataclass(frozen=True)
class PinnedRepository:
    """A repository of the hub at one revision. folder: the place of its files in a baseline's checkpoint."""

    repository: str
    revision: str
    files: tuple[str, ...]
    folder: str = "."


PUBLISHED = {
    "clip": (
        PinnedRepository(
            "openai/clip-vit-base-patch32",
            "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
            (*PICTURES, "tokenizer.json", "pytorch_model.bin"),
        ),
    ),
    "vit_roberta": (
        PinnedRepository(
            "google/vit-base-patch16-224",
            "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3",
            (*PICTURES, "model.safetensors"),
            "vision",
        ),
        PinnedRepository(
            "FacebookAI/roberta-base",
            "e2da8e2f811d1448a5b465c236feacd80ffbac7b",
            (*TEXT, "model.safetensors"),
            "text",
        ),
    ),
    "blip": (
        PinnedRepository(
            "Salesforce/blip-itm-base-coco",
            "bed8ad38cb2d04a5a4bdf2d071b3c3c0a4aa724c",
            (*PICTURES, "tokenizer.json", "pytorch_model.bin"),
        ),
    ),
}

DownloadFile = Callable[[PinnedRepository, str, Path], None]  # (repository, file name, target folder)


def fetch(baseline: str, folder: Path, download: DownloadFile, lock: Path = LOCK) -> None:
    """Download the files that `folder` lacks, then check all of them."""
    for source in PUBLISHED[baseline]:
        for name in source.files:
            if not (folder / source.folder / name).is_file():
                download(source, name, folder / source.folder)
    check(baseline, folder, lock)


def check(baseline: str, folder: Path, lock: Path = LOCK) -> bool:
    """Compare the files in `folder` with the locked checksums; return whether the baseline is locked at all.

    Raises:
        RecipeError: a file is missing, or differs from the locked one.
    """
    wanted = read_lock(lock).get(baseline)
    if wanted is None:
        return False
    found = checksums(baseline, folder)
    for name, digest in wanted.items():
        if found.get(name) != digest:
            raise RecipeError(
                f"{folder / name}: not the published file (SHA-256 {found.get(name, 'unknown')[:12]}…, locked "
                f"{digest[:12]}…). Delete it and run `wikiorder weights fetch {baseline} {folder}`"
            )
    return True


def write_lock(baseline: str, folder: Path, lock: Path = LOCK) -> Checksums:
    """Lock the files in `folder` and return their checksums. A locked checksum never changes."""
    check(baseline, folder, lock)
    locked = read_lock(lock) | {baseline: checksums(baseline, folder)}
    lock.write_text(decoding.json_page(locked), encoding="utf-8")
    return locked[baseline]


def read_lock(lock: Path) -> dict[str, Checksums]:
    """Return the locked checksums of each baseline; none if there is no lock file.

    Raises:
        RecipeError: the file is not valid.
    """
    if not lock.is_file():
        return {}
    try:
        locked = decoding.decode(dict[str, Checksums], lock.read_bytes(), str(lock))
    except InputError as error:
        raise RecipeError(f"not a lock file: {error}. Restore it from the repository") from None
    return {baseline: {name: digest.lower() for name, digest in files.items()} for baseline, files in locked.items()}


def checksums(baseline: str, folder: Path) -> Checksums:
    """Compute the SHA-256 of each published file, by its name in the checkpoint.

    Raises:
        RecipeError: a file is missing.
    """
    found = {}
    for source in PUBLISHED[baseline]:
        for name in source.files:
            path = folder / source.folder / name
            if not path.is_file():
                raise RecipeError(
                    f"{path}: missing, so {folder} does not hold {source.repository} at {source.revision[:12]}. "
                    f"`wikiorder weights fetch {baseline} {folder}` downloads it on a machine that reaches the hub"
                )
            with path.open("rb") as stream:
                found[(Path(source.folder) / name).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def from_hub(source: PinnedRepository, name: str, folder: Path) -> None:
    """Download one file at the pinned revision, or take it from the hub's own cache.

    Raises:
        RecipeError: the hub cannot be reached or refuses.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        hf_hub_download(source.repository, name, revision=source.revision, local_dir=folder)
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecipeError(
            f"cannot download {name} of {source.repository} at {source.revision[:12]} ({first}). Run this on a "
            f"machine that reaches the hub, or copy the file into {folder}"
        ) from None
