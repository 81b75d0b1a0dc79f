"""Write docker/locks/*.txt: every package of the images and of development, by version and SHA-256.

    .venv/bin/python docker/lock.py             keeps the versions that are locked, and adds or drops packages
    .venv/bin/python docker/lock.py --upgrade   takes the newest versions

The packages come from pyproject.toml, and their files from the index that pip is configured to use. The wheels are
those for CPython 3.11 on x86-64 Linux, which the base image runs. Each layer of the images has a file of its own, so
that a new version of one package rebuilds few layers. `dev.txt` is for `make setup` and holds everything but torch,
whose build depends on the machine; it is resolved for this interpreter, which must be such a CPython.
"""

import json
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "docker" / "locks"
TORCH = "2.13.0"
RUNTIME = ("numpy", "pillow", "safetensors", "tokenizers", "transformers")  # available to a submission beside torch
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)] + ["manylinux2014_x86_64"]
IMAGE = ["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp"]
IMAGE += [word for name in PLATFORMS for word in ("--platform", name)]
HERE = ["--only-binary", ":all:", "--no-binary", "jsonpath-rw"]  # of mlcroissant; published as source alone
DEV = ("CPython", "3.11", "Linux", "x86_64")


class Pin(NamedTuple):
    """One locked package."""

    version: str
    sha256: str  # of its wheel


Lock = dict[str, Pin]  # by the normalised name of the package


def main() -> None:
    """Resolve everything together, so that the layers agree, then write for each layer the packages that it adds."""
    python = platform.python_version_tuple()
    here = (platform.python_implementation(), ".".join(python[:2]), platform.system(), platform.machine())
    if here != DEV:
        sys.exit(f"lock: this is {' '.join(here)}; dev.txt is locked for {' '.join(DEV)}. Run it with such a Python.")
    torch = f"torch==={TORCH}+cpu"
    kept = {} if "--upgrade" in sys.argv else locked()
    everything = resolve([torch, *requirements("baselines", "figures")], kept)
    torch_cpu = resolve([torch], everything)
    runtime = resolve([torch, *RUNTIME], everything)
    torch_cuda = resolve([f"torch==={TORCH}"], kept | without(everything, ["torch"]))
    write("tools", resolve(["pip"], kept))
    write("torch-cpu", torch_cpu)
    write("torch-cuda", torch_cuda)
    write("runtime", without(runtime, torch_cpu))
    write("harness", without(without(everything, runtime), torch_cpu))
    write("dev", without(resolve([torch, *requirements("dev")], kept | everything, HERE), ["torch"]))


def locked() -> Lock:
    """Return the packages that are locked now, torch excepted: its two builds differ in version."""
    lines = [line for path in LOCKS.glob("*.txt") for line in path.read_text().splitlines()[1:]]
    found = (re.split("==| --hash=sha256:", line) for line in lines)
    return without({name: Pin(version, sha256) for name, version, sha256 in found}, ["torch"])


def requirements(*extras: str) -> list[str]:
    """Return the project's own requirements and those of the extras; an extra may name others, as `dev` does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted: list[str] = list(project["dependencies"])
    queue = list(extras)
    while queue:
        for requirement in project["optional-dependencies"][queue.pop()]:
            nested = re.fullmatch(rf"{project['name']}\[(.*)\]", requirement)
            queue += nested[1].split(",") if nested else []
            wanted += [] if nested else [requirement]
    return wanted


def resolve(wanted: Sequence[str], constraints: Lock, options: Sequence[str] = IMAGE) -> Lock:
    """Return the packages that pip would install for the requirements into an empty environment.

    Args:
        wanted: requirements, as in pyproject.toml.
        constraints: the versions to take of packages that are needed.
        options: of pip, which say for which Python and system.
    """
    with tempfile.TemporaryDirectory() as folder:
        limits = Path(folder, "constraints.txt")
        limits.write_text("".join(f"{name}=={pin.version}\n" for name, pin in constraints.items()))
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed", "--target"]
        command += [folder, "--constraint", str(limits), "--report", f"{folder}/report.json", *options]
        subprocess.run([*command, *wanted], check=True)
        report = json.loads(Path(folder, "report.json").read_text())
    return {
        re.sub(r"[-_.]+", "-", entry["metadata"]["name"].lower()): Pin(
            entry["metadata"]["version"], entry["download_info"]["archive_info"]["hashes"]["sha256"]
        )
        for entry in report["install"]
    }


def without(lock: Lock, names: Lock | Sequence[str]) -> Lock:
    """Return the packages of `lock` that are not among the names."""
    return {name: pin for name, pin in lock.items() if name not in names}


def write(layer: str, lock: Lock) -> None:
    """Write one line per package, sorted by name."""
    lines = [f"{name}=={pin.version} --hash=sha256:{pin.sha256}\n" for name, pin in sorted(lock.items())]
    LOCKS.joinpath(f"{layer}.txt").write_text("# Written by docker/lock.py.\n" + "".join(lines))


if __name__ == "__main__":
    main()
