"""The shape of the project is a test: who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"harness", "dataset_builder", "leaderboard", "submissions"}
MAY_IMPORT = {
    "harness": {"harness"},
    "dataset_builder": {"dataset_builder", "harness"},
    "leaderboard": {"leaderboard", "harness"},
    "submissions": {"submissions", "harness"},
}
# What runs inside a container may use this of the harness and nothing else; training happens on the trusted side.
SERVED = {"harness.serve", "harness.serve_prompt"}
TRAINING = {f"submissions/shared/{name}.py" for name in ("curves", "finetuning", "published", "training")}
TRAINING |= {
    f"submissions/shared/commands/{name}.py"
    for name in ("__init__", "fetch", "finetune", "lock", "reproduce", "table2", "weights")
}
# The grid trains and evaluates on the trusted side, and sets what comes of it beside the published table.
TRAINING |= {f"submissions/shared/grid/{name}.py" for name in ("cell", "engines", "reproduction", "store", "table")}
STANDARD_LIBRARY_ONLY = ["harness/records.py", "harness/serve.py", "harness/serve_prompt.py", "harness/keyed.py"]


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_packages_meet_only_through_files(package: str) -> None:
    for path in modules(package):
        ours = {name.split(".")[0] for name in imports(path)} & PACKAGES
        assert ours <= MAY_IMPORT[package], f"{path.relative_to(ROOT)} imports {ours - MAY_IMPORT[package]}"


def test_a_submission_imports_at_most_the_serve_loop() -> None:
    for path in modules("submissions"):
        if path.relative_to(ROOT).as_posix() in TRAINING:
            continue
        used = {name for name in imports(path) if name.split(".")[0] == "harness" and name != "harness"}
        allowed = {name for name in used if any(name == s or name.startswith(s + ".") for s in SERVED)}
        assert used == allowed, f"{path.relative_to(ROOT)} imports {used - allowed}"


@pytest.mark.parametrize("name", STANDARD_LIBRARY_ONLY)
def test_what_travels_or_names_things_needs_only_the_standard_library(name: str) -> None:
    import sys

    for imported in imports(ROOT / name):
        assert imported.split(".")[0] in sys.stdlib_module_names, f"{name} imports {imported}"


def test_only_the_container_sandbox_imports_the_docker_sdk() -> None:
    users = [
        p.relative_to(ROOT).as_posix()
        for k in PACKAGES
        for p in modules(k)
        if any(i.split(".")[0] == "docker" for i in imports(p))
    ]
    assert sorted(users) == ["harness/sandbox/container/flags.py", "harness/sandbox/container/sandbox.py"]


def test_the_docker_folder_does_not_hide_the_docker_sdk() -> None:
    import docker

    assert not (ROOT / "docker/__init__.py").exists()
    assert "site-packages" in str(docker.__file__)


def test_the_picture_of_the_architecture_is_current() -> None:
    from tests import architecture

    stored = architecture.DOCUMENT.read_text(encoding="utf-8")
    assert stored == architecture.current(), "run `python -m tests.architecture`"
