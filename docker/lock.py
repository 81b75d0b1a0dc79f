"""Write docker/locks/*.txt: every package of the images, by version and SHA-256.

    .venv/bin/python docker/lock.py

The packages and their versions come from pyproject.toml and from the index that pip is set up to use; the wheels are
those for CPython 3.11 on x86-64 Linux, which is what the base image runs. One file for each layer of the images, so
that a new version of one package rebuilds as little as can be.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "docker" / "locks"
TORCH = "2.13.0"
RUNTIME = ("numpy", "pillow", "safetensors", "tokenizers", "transformers")  # what a submission finds beside torch
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)] + ["manylinux2014_x86_64"]
TARGET = ["--python-version", "3.11", "--implementation", "cp", "--only-binary", ":all:"]

Lock = dict[str, tuple[str, str]]  # package: version, SHA-256 of its wheel


def main() -> None:
    """Resolve everything together, so that the layers agree, then write each layer what it adds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["baselines"], *extras["figures"]]
    everything = resolve([f"torch==={TORCH}+cpu", *wanted], {})
    torch_cpu = resolve([f"torch==={TORCH}+cpu"], everything)
    runtime = resolve([f"torch==={TORCH}+cpu", *RUNTIME], everything)
    torch_cuda = resolve([f"torch==={TORCH}"], {name: lock for name, lock in everything.items() if name != "torch"})
    write("tools", resolve(["pip"], {}))
    write("torch-cpu", torch_cpu)
    write("torch-cuda", torch_cuda)
    write("runtime", without(runtime, torch_cpu))
    write("harness", without(without(everything, runtime), torch_cpu))


def resolve(requirements: list[str], constraints: Lock) -> Lock:
    """What pip would install for the requirements, nothing being installed yet."""
    with tempfile.TemporaryDirectory() as folder:
        limits = Path(folder, "constraints.txt")
        limits.write_text("".join(f"{name}=={version}\n" for name, (version, _) in constraints.items()))
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed", "--target"]
        command += [folder, "--constraint", str(limits), "--report", f"{folder}/report.json", *TARGET, *platforms]
        subprocess.run([*command, *requirements], check=True)
        report = json.loads(Path(folder, "report.json").read_text())
    return {
        entry["metadata"]["name"].lower().replace("_", "-"): (
            entry["metadata"]["version"],
            entry["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for entry in report["install"]
    }


def without(lock: Lock, other: Lock) -> Lock:
    """The packages of `lock` that `other` lacks."""
    return {name: entry for name, entry in lock.items() if name not in other}


def write(layer: str, lock: Lock) -> None:
    """One line a package, in order of name."""
    lines = [f"{name}=={version} --hash=sha256:{digest}\n" for name, (version, digest) in sorted(lock.items())]
    LOCKS.joinpath(f"{layer}.txt").write_text("# Written by docker/lock.py.\n" + "".join(lines))


if __name__ == "__main__":
    main()
