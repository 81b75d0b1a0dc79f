"""Check the Dockerfile of a submission before the engine, which has the network and all images, reads it.

Covered: the engine fetches nothing for a build and mounts nothing into it, and a build starts from our base images or
an image that is named by digest, never from the image of another submission. Where builders of different age read a
line differently, the line is refused.
Not covered: the commands of RUN, which the limits of the build confine (`building.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.errors import SubmissionError

BASES = ("wikiorder-base", "wikiorder-runtime")
ALLOWED = ("FROM", "ARG", "ENV", "COPY", "ADD", "RUN", "WORKDIR", "USER", "ENTRYPOINT", "CMD", "LABEL", "SHELL")
FLAGS = {"COPY": ("from", "chown", "chmod", "link"), "ADD": ("chown", "chmod")}  # the other instructions have none
MAX_BYTES, MAX_LINES = 2**16, 1000
DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=", re.IGNORECASE)  # chooses a frontend, or another escape
FLAG = re.compile(r"--([a-z-]+)(?:=([^\s\"'\\$]*))?(?:[ \t]+|$)")
DIGEST = re.compile(r"[a-z0-9./:_-]{1,200}@sha256:[0-9a-f]{64}")
STAGE = re.compile(r"[a-z][a-z0-9_.-]*")
ARGUMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:=([A-Za-z0-9._/:@-]*))?")
VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
LOCAL = re.compile(r"[A-Za-z0-9._*?/-]+")  # no ":" and no "@", so neither a URL nor a git address


class Instruction(NamedTuple):
    """One instruction, its continuation lines joined. line: number of its first line, from 1."""

    line: int
    word: str
    rest: str


@dataclass
class _Stages:
    """The stages and global arguments read so far, and the images by digest that the build starts from."""

    names: list[str] = field(default_factory=list)  # "" for a stage without a name
    arguments: dict[str, str] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)


def check_dockerfile(name: str, content: bytes) -> list[str]:
    """Check a Dockerfile and return the images by digest that it starts from.

    Args:
        name: the submission, for messages.

    Raises:
        SubmissionError: an instruction is not allowed; the message names the line.
    """
    try:
        return _check_all(content).digests
    except _RefusedLineError as error:
        raise SubmissionError(f"{name}: Dockerfile line {error.line}: {error}.") from None


class _RefusedLineError(Exception):
    """A line that is not allowed."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def _check_all(content: bytes) -> _Stages:
    """Check every instruction and return the stages."""
    stages = _Stages()
    for instruction in _instructions(content):
        _check(instruction, stages)
    if not stages.names:
        raise _RefusedLineError(1, "has no FROM. Start from wikiorder-base or wikiorder-runtime")
    return stages


def _instructions(content: bytes) -> Iterator[Instruction]:
    """Yield the instructions as every builder reads them."""
    joined, first, begun = "", 0, False
    for number, line in enumerate(_lines(content), 1):
        text = line.rstrip(" \t")
        if text.lstrip(" \t").startswith("#"):
            if not begun and DIRECTIVE.match(text.lstrip(" \t")):
                raise _RefusedLineError(number, f"{text[:40]!r} changes how the file is read. Remove it")
            continue
        if not text:
            if joined:
                raise _RefusedLineError(number, "is empty within an instruction. Remove the line")
            continue
        begun, first = True, first if joined else number
        if text.endswith("\\\\"):
            raise _RefusedLineError(number, "ends in two backslashes, which builders read differently. Use one")
        joined += text.removesuffix("\\")
        if text.endswith("\\"):
            joined = joined or " "
            continue
        word, _, rest = joined.strip(" \t").replace("\t", " ").partition(" ")
        yield Instruction(first, word.upper(), rest.strip(" "))
        joined = ""
    if joined:
        raise _RefusedLineError(first, "is continued beyond the end of the file. Remove the last backslash")


def _lines(content: bytes) -> list[str]:
    """Return the lines of a Dockerfile that is plain text."""
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _RefusedLineError(1, "the file is not UTF-8. Save it as UTF-8") from None
    lines = text.split("\n")
    if len(content) > MAX_BYTES or len(lines) > MAX_LINES:
        raise _RefusedLineError(1, f"the file is over {MAX_BYTES} bytes or {MAX_LINES} lines. Write a shorter one")
    for number, line in enumerate(lines, 1):
        odd = next((c for c in line if c not in " \t" and (c.isspace() or not c.isprintable())), None)
        if odd:
            raise _RefusedLineError(number, f"holds the character {odd!r}. Write plain text")
    return lines


def _check(instruction: Instruction, stages: _Stages) -> None:
    """Check one instruction, and note a stage or a global argument that it defines."""
    line, word, rest = instruction
    if word == "VOLUME":
        raise _RefusedLineError(line, "VOLUME declares a folder that is writable. Remove it")
    if word not in ALLOWED:
        raise _RefusedLineError(line, f"{word[:20]} is not allowed. Use {', '.join(ALLOWED)}")
    if not stages.names and word not in ("FROM", "ARG"):
        raise _RefusedLineError(line, f"{word} before the first FROM. Begin with FROM")
    if "<<" in rest:
        raise _RefusedLineError(line, "'<<' may begin a here-document. Put the text into a file of the folder")
    arguments = _without_flags(instruction, stages)
    if word == "FROM":
        _check_base(line, arguments, stages)
    elif word == "ARG" and not stages.names:
        _note_argument(line, arguments, stages)
    elif word == "ADD":
        _check_sources(line, arguments)


def _note_argument(line: int, arguments: str, stages: _Stages) -> None:
    """Note a global argument, which FROM may name."""
    found = ARGUMENT.fullmatch(arguments)
    if not found:
        raise _RefusedLineError(line, "an ARG before FROM must be NAME=value, without quotes. Write it so")
    stages.arguments[found[1]] = found[2] or ""


def _check_sources(line: int, arguments: str) -> None:
    """Check that ADD names files of the folder, in the form without JSON."""
    for source in arguments.split()[:-1]:
        if not LOCAL.fullmatch(source) or source.startswith("github.com/"):
            raise _RefusedLineError(line, f"ADD of {source[:60]!r}; wanted a file of the folder. Use COPY")


def _without_flags(instruction: Instruction, stages: _Stages) -> str:
    """Return the arguments of an instruction after its flags, which are checked."""
    line, word, rest = instruction
    while rest.startswith("--"):
        found = FLAG.match(rest)
        if not found or found[1] not in FLAGS.get(word, ()):
            raise _RefusedLineError(line, f"{word} {rest.split()[0][:40]} is not allowed. Remove the flag")
        if found[1] == "from" and not _is_stage(found[2] or "", stages):
            raise _RefusedLineError(line, f"COPY --from={found[2]}; wanted an earlier stage of this file. Name one")
        rest = rest[found.end() :]
    return rest


def _is_stage(name: str, stages: _Stages) -> bool:
    """Return whether a name or number means a stage before the current one."""
    earlier = stages.names[:-1]
    return int(name) < len(earlier) if name.isascii() and name.isdigit() else bool(name) and name.lower() in earlier


def _check_base(line: int, arguments: str, stages: _Stages) -> None:
    """Check the arguments of FROM: `IMAGE` or `IMAGE AS STAGE`."""
    words = arguments.split()
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise _RefusedLineError(line, "FROM wants IMAGE, or IMAGE AS STAGE. Write it so")
    image, stage = words[0], words[2].lower() if len(words) == 3 else ""
    if stage and (not STAGE.fullmatch(stage) or stage in stages.names):
        raise _RefusedLineError(line, f"the stage {stage[:40]!r} has no plain name of its own. Rename it")
    variable = VARIABLE.fullmatch(image)
    if variable:
        image = stages.arguments.get(variable[1] or variable[2], "")
    if DIGEST.fullmatch(image):
        stages.digests.append(image)
    elif image.removesuffix(":latest") not in BASES and not (image and image.lower() in stages.names):
        raise _RefusedLineError(
            line, f"FROM {image[:60]!r}; wanted {' or '.join(BASES)}, an earlier stage, or an image by digest. Name one"
        )
    stages.names.append(stage)
