"""The published checkpoints that the paper's preset starts from: pinned by revision, locked by checksum.

`weights.lock.json` holds the SHA-256 of their files; whatever differs is refused. Its first sums were not taken from a
download: they are those that independent public projects record for these very revisions, two or more of them agreeing,
but for BLIP's config.json (one record) and ViT's, whose bytes were rebuilt and have the hub's blob hash. ViT's
preprocessor_config.json is not in it yet: `wikiorder weights lock` adds what is missing and changes nothing else.
Not covered: what the publishers put into these files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from submissions.shared.errors import RecipeError

LOCK = Path(__file__).parent / "weights.lock.json"
PICTURES = ("config.json", "preprocessor_config.json")
TEXT = ("config.json", "tokenizer.json")


@dataclass(frozen=True)
class Source:
    """A repository of the hub, at one revision. folder: where its files lie in a baseline's checkpoint."""

    repository: str
    revision: str
    files: tuple[str, ...]
    folder: str = "."


PUBLISHED = {
    "clip": (
        Source(
            "openai/clip-vit-base-patch32",
            "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
            (*PICTURES, "tokenizer.json", "pytorch_model.bin"),
        ),
    ),
    "vit_roberta": (
        Source(
            "google/vit-base-patch16-224",
            "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3",
            (*PICTURES, "model.safetensors"),
            "vision",
        ),
        Source(
            "FacebookAI/roberta-base",
            "e2da8e2f811d1448a5b465c236feacd80ffbac7b",
            (*TEXT, "model.safetensors"),
            "text",
        ),
    ),
    "blip": (
        Source(
            "Salesforce/blip-itm-base-coco",
            "bed8ad38cb2d04a5a4bdf2d071b3c3c0a4aa724c",
            (*PICTURES, "tokenizer.json", "pytorch_model.bin"),
        ),
    ),
}

Download = Callable[[Source, str, Path], None]


def fetch(baseline: str, folder: Path, download: Download, lock: Path = LOCK) -> None:
    """Download what is not in `folder` yet, then check it."""
    for source in PUBLISHED[baseline]:
        for name in source.files:
            if not (folder / source.folder / name).is_file():
                download(source, name, folder / source.folder)
    check(baseline, folder, lock)


def check(baseline: str, folder: Path, lock: Path = LOCK) -> bool:
    """Refuse a file that differs from the locked one. Returns whether the baseline is locked at all."""
    wanted = read_lock(lock).get(baseline)
    if wanted is None:
        return False
    found = checksums(baseline, folder)
    for name, digest in wanted.items():
        if found[name] != digest:
            raise RecipeError(
                f"{folder / name}: not the published file (SHA-256 {found[name][:12]}…, locked {digest[:12]}…). "
                f"Delete it and run `wikiorder weights fetch {baseline} {folder}`"
            )
    return True


def write_lock(baseline: str, folder: Path, lock: Path = LOCK) -> dict[str, str]:
    """Lock the files in `folder`; what is locked already may not change."""
    check(baseline, folder, lock)
    locked = read_lock(lock) | {baseline: checksums(baseline, folder)}
    lock.write_text(json.dumps(locked, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return locked[baseline]


def read_lock(lock: Path) -> dict[str, dict[str, str]]:
    """By baseline, the SHA-256 of each file."""
    if not lock.is_file():
        return {}
    try:
        locked = json.loads(lock.read_text(encoding="utf-8"))
        return {
            baseline: {name: digest.lower() for name, digest in files.items()} for baseline, files in locked.items()
        }
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise RecipeError(f"{lock}: not a lock file ({error}); restore it from the repository") from None


def checksums(baseline: str, folder: Path) -> dict[str, str]:
    """By name in the checkpoint, the SHA-256 of each published file."""
    found = {}
    for source in PUBLISHED[baseline]:
        for name in source.files:
            path = folder / source.folder / name
            if not path.is_file():
                raise RecipeError(
                    f"{path}: missing, so {folder} does not hold {source.repository} at {source.revision[:12]}. "
                    f"`wikiorder weights fetch {baseline} {folder}` downloads it where the hub can be reached"
                )
            with path.open("rb") as stream:
                found[(Path(source.folder) / name).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def from_hub(source: Source, name: str, folder: Path) -> None:
    """Download one file at the pinned revision, or take it from the hub's own cache."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        hf_hub_download(source.repository, name, revision=source.revision, local_dir=folder)
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecipeError(
            f"cannot download {name} of {source.repository} at {source.revision[:12]} ({first}). Run this where the "
            f"hub can be reached, or put the file into {folder} by hand"
        ) from None
