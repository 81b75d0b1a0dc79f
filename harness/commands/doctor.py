"""`wikiorder doctor`: what is here, and the one command that mends what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from harness.commands.evaluate import SAMPLE

GIB = 2**30
DISK_GIB = 10  # the images take four, a frozen WikiOrder as much again

Finding = tuple[bool, str, str]  # (is it well, what was found, what to do)


@click.command(epilog="Example: wikiorder doctor")
def doctor() -> None:
    """Say what this machine has for WikiOrder, and how to get what it lacks."""
    lacking = 0
    for name, look in LOOKS.items():
        well, found, advice = look()
        lacking += not well
        click.echo(f"{'ok  ' if well else 'none'}  {name:<12} {found}{'' if well else f'  ->  {advice}'}")
    click.echo("All that any command needs is here." if not lacking else f"{lacking} lacking; the rest works without.")


def _python() -> Finding:
    return sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or later"


def _engine() -> Finding:
    from harness.sandbox.base import EngineUnavailableError
    from harness.sandbox.container.sandbox import ContainerSandbox

    try:
        return True, ContainerSandbox().describe(), ""
    except EngineUnavailableError:
        return False, "no container engine answers", "sudo sh docker/engine.sh, or use --sandbox process"


def _images() -> Finding:
    from harness.sandbox.base import EngineUnavailableError
    from harness.sandbox.container.sandbox import ContainerSandbox

    try:
        missing = ContainerSandbox().missing(("wikiorder-base", "wikiorder-runtime"))
    except EngineUnavailableError:
        return False, "unknown without an engine", "start an engine, then: make images"
    return (
        not missing,
        f"missing: {', '.join(missing)}" if missing else "wikiorder-base, wikiorder-runtime",
        "make images",
    )


def _torch() -> Finding:
    here = importlib.util.find_spec("torch") and importlib.util.find_spec("transformers")
    return bool(here), "torch and transformers" if here else "not installed", "pip install 'wikiorder[baselines]'"


def _gpu() -> Finding:
    here = Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()
    return True, "one at least" if here else "none, which everything runs without, more slowly", ""


def _privileges() -> Finding:
    root = os.geteuid() == 0
    found = "root: the process sandbox can become another user" if root else "not root"
    return root, found, "use --sandbox docker; a process sandbox without root does not hide the answers"


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / GIB
    return free >= DISK_GIB, f"{free:.0f} GiB free here", f"free {DISK_GIB} GiB for images and sets"


def _cores() -> Finding:
    return True, f"{os.cpu_count()}", ""


def _sample() -> Finding:
    return SAMPLE.is_dir(), str(SAMPLE.parent.name) if SAMPLE.is_dir() else "not here", "wikiorder dataset sample"


LOOKS: dict[str, Callable[[], Finding]] = {
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
