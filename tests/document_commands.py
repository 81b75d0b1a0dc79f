"""The commands that the documents and the help texts tell a reader to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from tests import reference_page

ROOT = Path(__file__).parent.parent
PAGES = tuple(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "harness/*.md", "submissions/*/*.md", "tests/*/*.md", ".github/*.md")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "reference.md"  # it repeats the help texts
)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
PROGRAMS = ("wikiorder", "wikiorder-harness")  # the second is the image, whose entry point is the first
ENDS = ("|", "||", "&&", ";", ">>", ">", "&")


class DocumentedCommand(NamedTuple):
    """One call of `wikiorder`: its page, its words after the program, and whether it stands on a line of its own."""

    place: str
    words: tuple[str, ...]
    whole: bool

    @property
    def text(self) -> str:
        return shlex.join(self.words)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def calls(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each call of `wikiorder` in a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for start, word in enumerate(words):
        if word in PROGRAMS:
            end = next((at for at in range(start, len(words)) if words[at] in ENDS), len(words))
            yield tuple(words[start + 1 : end])


def documented() -> list[DocumentedCommand]:
    """Return the commands of every page and of every help text."""
    found = []
    for page in PAGES:
        lines = [line for block in BLOCK.findall(text(page)) for line in block.replace("\\\n", " ").splitlines()]
        found += [DocumentedCommand(page, words, True) for line in lines for words in calls(line)]
        prose = BLOCK.sub("", re.sub(r"^```.*?^```", "", text(page), flags=re.DOTALL | re.MULTILINE))
        spans = [span for span in INLINE.findall(prose) if "wikiorder " in span and "'" not in span]
        found += [DocumentedCommand(page, words, False) for span in spans for words in calls(span)]
    for context in reference_page.commands():
        place = f"{context.command_path} --help"
        examples = [*(context.command.help or "").splitlines(), context.command.epilog or ""]
        lines = [line.strip().removeprefix("Example: ") for line in examples]
        lines = [line for line in lines if line.startswith("wikiorder ")]
        found += [DocumentedCommand(place, words, True) for line in lines for words in calls(line)]
    return [command for command in found if command.words]


def resolve(words: tuple[str, ...]) -> tuple[click.Context, list[str]]:
    """Return the context of the command that the words name, and the words after its name."""
    command: click.Command = reference_page.wikiorder
    context = click.Context(command, info_name="wikiorder", **command.context_settings)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"`{context.command_path} {rest[0]}` does not exist"
        command, context = found, click.Context(found, context, rest.pop(0))
    return context, rest
