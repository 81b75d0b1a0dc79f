"""The vocabulary is a test: one meaning per type name, typed records instead of dicts, and errors that are told."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("harness", "dataset_builder", "leaderboard", "submissions")
UNTYPED = re.compile(r"\b(dict|Mapping|MutableMapping)\[str, Any\]")
UNTYPED_PER_1000 = 1.5
RIDDLES = re.compile(r"\b(what|whatever|whoever|somebody|nobody)\b", re.IGNORECASE)
RIDDLES_PER_1000 = 2.0
GLOSSARY = ROOT / "docs/glossary.md"
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def defined() -> dict[str, set[str]]:
    """The modules that define each class or type alias."""
    where: dict[str, set[str]] = defaultdict(set)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name].add(str(path.relative_to(ROOT)))
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                alias = node.targets[0].id
                if alias[0].isupper() and not alias.isupper() and isinstance(node.value, ast.Subscript | ast.BinOp):
                    where[alias].add(str(path.relative_to(ROOT)))
    return where


def prose(path: Path) -> str:
    """The docstrings and comments of a module."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    parts = [ast.get_docstring(node) or "" for node in ast.walk(TREES[path]) if isinstance(node, documented)]
    source = io.StringIO(path.read_text(encoding="utf-8"))
    parts += [
        token.string.lstrip("# ")
        for token in tokenize.generate_tokens(source.readline)
        if token.type == tokenize.COMMENT
    ]
    return " ".join(parts)


def test_no_type_name_is_defined_twice() -> None:
    assert {name: sorted(where) for name, where in defined().items() if len(where) > 1} == {}


def test_every_type_of_the_glossary_exists() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    named = {
        name.split(".")[0]
        for row in text.splitlines()
        if row.startswith("|")
        for name in re.findall(r"`([A-Z]\w+(?:\.\w+)?)`", row.rsplit("|", 2)[1])
    }
    assert len(named) > 25
    assert named - set(defined()) == set()


def test_a_word_stands_in_the_glossary_once() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    words = [
        word.strip()
        for row in re.findall(r"^\| ([a-z][^|]*) \|", text, re.MULTILINE)
        for word in row.split(",")
        if word.strip() != "word"
    ]
    assert len(words) >= 40
    assert len(words) == len(set(words))


def test_dictionaries_without_types_are_rare() -> None:
    sources = [path.read_text(encoding="utf-8") for path in FILES]
    lines = sum(source.count("\n") for source in sources)
    found = sum(len(UNTYPED.findall(source)) for source in sources)
    assert 1000 * found <= UNTYPED_PER_1000 * lines


def test_the_prose_is_plain() -> None:
    said = [prose(path) for path in FILES]
    words = sum(len(text.split()) for text in said)
    found = sum(len(RIDDLES.findall(text)) for text in said)
    assert 1000 * found <= RIDDLES_PER_1000 * words


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_public_function_that_raises_says_so(path: Path) -> None:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            raises = any(isinstance(inner, ast.Raise) and inner.exc is not None for inner in ast.walk(node))
            told = re.search(r"\brais|\brefus|Error\b", ast.get_docstring(node) or "", re.IGNORECASE)
            assert told or not raises, f"{node.name} raises an error that its docstring does not name"
