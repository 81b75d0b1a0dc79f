"""The record of a board: the filed bundles below its `results/`, and two small text files beside that folder.

    trusted_keys   one public key per line (64 hexadecimal digits), then the name that the board shows
    disqualified   one digest of a bundle per line, then the reason that the board shows

A board without `trusted_keys` is private: it asks for no signature. `#` begins a comment.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import UNSET

from harness.contract import bundle, signature
from harness.contract.bundle import Bundle
from harness.errors import CheckError, InputError
from harness.run import verification

TRUSTED, DISQUALIFIED = "trusted_keys", "disqualified"
LINE = re.compile(r"([0-9a-f]{64})\s+(\S.*)")
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}")


@dataclass(frozen=True)
class Policy:
    """The rules of a board.

    trusted: names by public key, or None where no signature is asked for. disqualified: reasons by digest of a bundle.
    """

    trusted: Mapping[str, str] | None = None
    disqualified: Mapping[str, str] = field(default_factory=dict)


def read_policy(folder: Path) -> Policy:
    """Read `trusted_keys` and `disqualified` in a folder; either may be absent."""
    trusted = folder / TRUSTED
    return Policy(_read_lines(trusted) if trusted.is_file() else None, _read_lines(folder / DISQUALIFIED))


def bundle_folders(results: Path) -> list[Path]:
    """Return the folder of every bundle below `results`, sorted."""
    return [path.parent for path in sorted(results.rglob("result.json"))]


def add(root: Path, results: Path, new_set: bool = False, replace: bool = False) -> Path:
    """Copy a bundle and its signature to their place below `results`. Return that place.

    Args:
        new_set: accept a set that no row is on yet.
        replace: replace the filed bundle of the same run.

    Raises:
        CheckError: the bundle is refused; the message gives the reason and the remedy.
        InputError: a bundle of this run is filed already.
    """
    found = bundle.read(root)
    rules = read_policy(results.parent)
    target = results.joinpath(*place(found))
    for problem in (
        _isolation_problem(found),
        _hidden_answers_problem(found),
        _signature_problem(found, rules),
        _numbers_problem(found),
        _set_problem(found, results, new_set),
        _disqualification(found, rules),
    ):
        if problem:
            raise CheckError(f"{root}: refused: {problem}")
    if target.exists() and not replace:
        raise InputError(f"{target}: a bundle of this run is filed already; replace it with --replace")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(root, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    if signature.path_of(root).is_file():
        shutil.copyfile(signature.path_of(root), signature.path_of(target))
    return target


def place(found: Bundle) -> tuple[str, str, str]:
    """Return the folder of a bundle below the results, as its three parts.

    Raises:
        InputError: a part is no plain name, so that the path could lead out of the results.
    """
    result = found.result
    set_name = f"{result.set.name}-{result.set.version}-{result.set.subset}"
    parts = (result.submission.name, set_name, result.modality.value.replace("+", "_"))
    for part in parts:
        if not PLAIN.fullmatch(part) or ".." in part:
            raise InputError(f"{found.root}: {part[:80]!r} cannot name a folder; evaluate again under a plain name")
    return parts


def _isolation_problem(found: Bundle) -> str:
    return "" if found.result.isolation.isolated else "not isolated; run it again with --sandbox docker"


def _hidden_answers_problem(found: Bundle) -> str:
    """Predictions pair by pair would disclose labels of a hidden set; counts per article are enough to rank."""
    withheld = () if found.result.withheld is UNSET else found.result.withheld
    if found.result.set.visibility == "public" or "predictions.jsonl" in withheld:
        return ""
    return f"it answers a hidden set pair by pair; `wikiorder publish {found.root}` makes the bundle to file"


def _signature_problem(found: Bundle, rules: Policy) -> str:
    if rules.trusted is None:
        return ""
    key = signature.signer(signature.path_of(found.root), found.digest)
    if key is None:
        return f"not signed; `wikiorder sign {found.root} --key KEY`, with a key in {TRUSTED}"
    return "" if key in rules.trusted else f"signed by {key[:16]}…, which does not stand in {TRUSTED}"


def _numbers_problem(found: Bundle) -> str:
    if found.result.scores is None:
        return ""
    problems = verification.from_counts(found)
    return f"its numbers do not follow from its counts: {problems[0]}" if problems else ""


def _set_problem(found: Bundle, results: Path, new_set: bool) -> str:
    """A board opens a table for another set, or another version of one, only when told to."""
    of = found.result.set
    if new_set or of.digest in {bundle.read(root).result.set.digest for root in bundle_folders(results)}:
        return ""
    return (
        f"no row of the board is on {of.title} ({of.digest[:12]}…); evaluate on the board's set, or open a table for "
        "this one with --new-set"
    )


def _disqualification(found: Bundle, rules: Policy) -> str:
    return f"disqualified: {rules.disqualified[found.digest]}" if found.digest in rules.disqualified else ""


def _read_lines(path: Path) -> dict[str, str]:
    """Return words by hexadecimal digits, of a file that may be absent.

    Raises:
        InputError: a line has another form; the message names it.
    """
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        match = LINE.fullmatch(text)
        if match is None:
            raise InputError(f"{path}:{number}: found {text[:80]!r}, wanted 64 hexadecimal digits and then words")
        found[match[1]] = match[2]
    return found
