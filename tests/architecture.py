"""Draws the packages and their imports into docs/architecture.md: `python -m tests.architecture`."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/architecture.md"
PACKAGES = ("harness", "dataset_builder", "leaderboard", "submissions")
BEGIN, END = "<!-- picture: written by `python -m tests.architecture` -->", "<!-- end of the picture -->"


def room(parts: tuple[str, ...]) -> str:
    """The folder of a module, two levels deep: harness/run, or the package itself."""
    return "/".join(parts[:2] if len(parts) > 2 else parts[:1])


def arrows() -> dict[str, set[str]]:
    """Which room imports which others, from the import statements of every module."""
    modules = {
        path.relative_to(ROOT).with_suffix("").parts: path for p in PACKAGES for path in (ROOT / p).rglob("*.py")
    }
    found: dict[str, set[str]] = defaultdict(set)
    for parts, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
                base = tuple(node.module.split("."))
                for alias in node.names:
                    target = (*base, alias.name) if (*base, alias.name) in modules else base
                    found[room(parts)].add(room(target if target in modules else (*target, "__init__")))
    return {here: there - {here} for here, there in found.items()}


def shown(name: str) -> bool:
    """Single submissions and the commands, which import all the rest, would hide the others' arrows."""
    return not name.endswith("/commands") and (not name.startswith("submissions/") or name == "submissions/shared")


def picture() -> str:
    """A Mermaid graph of the rooms; an arrow points from the importing room to the imported one."""
    edges = {
        here: {name for name in there if shown(name) and name != "harness"}
        for here, there in arrows().items()
        if shown(here)
    }
    rooms = sorted(set(edges) | {room for there in edges.values() for room in there})
    names = {name: name.replace("/", "_") for name in rooms}
    lines = ["```mermaid", "graph TD"]
    for package in PACKAGES:
        lines.append(f"  subgraph {package}_box [{package}]")
        lines += [f'    {names[name]}["{name}"]' for name in rooms if name.split("/")[0] == package]
        lines.append("  end")
    lines += [f"  {names[here]} --> {names[there]}" for here in sorted(edges) for there in sorted(edges[here])]
    return "\n".join([*lines, "```"])


def current() -> str:
    """The document with today's picture."""
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    return f"{head}{BEGIN}\n\n{picture()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(current(), encoding="utf-8")
