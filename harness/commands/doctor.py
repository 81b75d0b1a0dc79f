"""`wikiorder doctor`: list the parts of this machine that WikiOrder uses, with one command for each missing part."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click

from harness.errors import InputError

REPOSITORY = Path(__file__).parents[2]  # of an installed wheel this is site-packages
GIB = 2**30
DISK_GIB = 10  # the images take 4 GiB, a frozen WikiOrder as much again
IMAGES = ("wikiorder-base", "wikiorder-runtime")


class Availability(NamedTuple):
    """Whether one part is available, the details, and a command that provides it."""

    available: bool
    found: str
    advice: str = ""


@click.command(epilog="Example: wikiorder doctor")
@click.option("--json", "as_json", is_flag=True, help="As JSON: of each part whether it is there, what, and advice.")
def doctor(as_json: bool) -> None:
    """List the parts of this machine that WikiOrder can use, and how to get the missing ones."""
    parts = {name: check() for name, check in CHECKS.items()}
    if as_json:
        click.echo(json.dumps({name: part._asdict() for name, part in parts.items()}, indent=2))
        return
    missing = sum(not part.available for part in parts.values())
    for name, part in parts.items():
        mark, advice = ("ok  ", "") if part.available else ("none", f"  ->  {part.advice}")
        click.echo(f"{mark}  {name:<12} {part.found}{advice}")
    click.echo(f"{missing} missing; everything else works." if missing else "Nothing is missing.")


def _in_clone() -> bool:
    """Return whether WikiOrder runs from a clone of its repository, whose scripts the advice may name."""
    return (REPOSITORY / "docker/engine.sh").is_file()


def _python() -> Availability:
    return Availability(sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or later")


def _engine() -> Availability:
    from harness.sandbox.base import EngineUnavailableError
    from harness.sandbox.container.sandbox import ContainerSandbox

    try:
        return Availability(True, ContainerSandbox().describe())
    except EngineUnavailableError:
        install = "sudo sh docker/engine.sh" if _in_clone() else "sudo apt-get install docker.io"
        return Availability(False, "no container engine answers", f"{install}, or use --sandbox process")


def _images() -> Availability:
    from harness.sandbox.base import EngineUnavailableError
    from harness.sandbox.container.sandbox import ContainerSandbox

    build = "make images" if _in_clone() else "build them in a clone of the WikiOrder repository with `make images`"
    try:
        missing = ContainerSandbox().missing(IMAGES)
    except EngineUnavailableError:
        return Availability(False, "unknown without an engine", f"start an engine, then: {build}")
    return Availability(not missing, f"missing: {', '.join(missing)}" if missing else ", ".join(IMAGES), build)


def _torch() -> Availability:
    found = bool(importlib.util.find_spec("torch") and importlib.util.find_spec("transformers"))
    install = "pip install -e '.[baselines]'" if _in_clone() else "pip install 'wikiorder[baselines]'"
    return Availability(found, "torch and transformers" if found else "not installed", install)


def _gpu() -> Availability:
    found = Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()
    return Availability(True, "at least one" if found else "none; everything runs without one, more slowly")


def _privileges() -> Availability:
    root = os.geteuid() == 0
    found = "root: the process sandbox can run predictors as another user" if root else "not root"
    advice = "use --sandbox docker; without root, a process sandbox does not hide the ground truth"
    return Availability(root, found, advice)


def _disk() -> Availability:
    free = shutil.disk_usage(Path.cwd()).free / GIB
    return Availability(free >= DISK_GIB, f"{free:.0f} GiB free here", f"free {DISK_GIB} GiB for images and sets")


def _cores() -> Availability:
    return Availability(True, f"{os.cpu_count()}")


def _sample() -> Availability:
    from harness.contract import shipped

    try:
        return Availability(True, str(shipped.sample()))
    except InputError as error:  # its words name the remedy
        return Availability(False, "not available", str(error))


CHECKS: dict[str, Callable[[], Availability]] = {
    "Python": _python,
    "engine": _engine,
    "images": _images,
    "torch": _torch,
    "GPU": _gpu,
    "privileges": _privileges,
    "disk": _disk,
    "cores": _cores,
    "sample": _sample,
}
