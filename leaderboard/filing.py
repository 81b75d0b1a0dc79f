"""The record of a board: the filed bundles below its `results/`, and a few files beside that folder.

    ledger.jsonl   the looks at hidden sets (harness/contract/ledger.py)
    verdicts/      ranks on hidden sets, computed where the private bundles are (verdicts.py)
    trusted_keys   one public key per line (64 hexadecimal digits), then the name that the board shows
    disqualified   one digest of a bundle per line, then the reason that the board shows

A board without `trusted_keys` is private: it asks for no signature. `#` begins a comment.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from msgspec import UNSET

from harness.contract import bundle, ledger, signature
from harness.contract.bundle import ARTICLES, PREDICTIONS, Bundle
from harness.contract.ledger import LedgerLine
from harness.errors import CheckError, InputError
from harness.run import verification

TRUSTED, DISQUALIFIED, LEDGER, VERDICTS = "trusted_keys", "disqualified", "ledger.jsonl", "verdicts"
LINE = re.compile(r"([0-9a-f]{64})\s+(\S.*)")
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}")


@dataclass(frozen=True)
class Policy:
    """The rules of a board.

    trusted: names by public key, or None where no signature is asked for. disqualified: reasons by digest of a bundle.
    looks: the lines of the ledger. private: the rows are private bundles, so a hidden set needs no release.
    """

    trusted: Mapping[str, str] | None = None
    disqualified: Mapping[str, str] = field(default_factory=dict)
    looks: Sequence[LedgerLine] = ()
    private: bool = False

    @cached_property
    def by_bundle(self) -> Mapping[str, LedgerLine]:
        """Return the look of each public bundle, by its digest."""
        return {line.bundle: line for line in self.looks}


def read_policy(folder: Path) -> Policy:
    """Read `trusted_keys`, `disqualified` and `ledger.jsonl` in a folder; each may be absent."""
    trusted = _read_lines(folder / TRUSTED) if (folder / TRUSTED).is_file() else None
    return Policy(trusted, _read_lines(folder / DISQUALIFIED), ledger.read(folder / LEDGER))


def bundle_folders(results: Path) -> list[Path]:
    """Return the folder of every bundle below `results`, sorted.

    Raises:
        InputError: a bundle lies inside another one, whose signature covers it.
    """
    roots = [path.parent for path in sorted(results.rglob("result.json"))]
    held = set(roots)
    for root in roots:
        outer = next((parent for parent in root.parents if parent in held), None)
        if outer is not None:
            raise InputError(f"{root}: lies inside the bundle {outer}; move it to a folder of its own, or remove it")
    return roots


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
        _look_problem(found, rules),
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
    parts = (result.submission.name, set_name, result.modality.folder)
    for part in parts:
        if not PLAIN.fullmatch(part) or ".." in part:
            raise InputError(f"{found.root}: {part[:80]!r} cannot name a folder; evaluate again under a plain name")
    return parts


def _isolation_problem(found: Bundle) -> str:
    return "" if found.result.isolation.isolated else "not isolated; run it again with --sandbox docker"


def _hidden_answers_problem(found: Bundle) -> str:
    """Predictions, counts per article and exact scores would disclose labels of a hidden set."""
    result = found.result
    withheld = () if result.withheld is UNSET else result.withheld
    kept = {PREDICTIONS, ARTICLES} & {path.name for path in found.root.iterdir()}
    if result.set.visibility == "public" or (PREDICTIONS in withheld and not kept and result.scores is None):
        return ""
    return (
        f"it answers a hidden set pair by pair; `wikiorder publish {found.root} FOLDER --team TEAM --key KEY` makes "
        "the bundle to file"
    )


def _signature_problem(found: Bundle, rules: Policy) -> str:
    if rules.trusted is None:
        return ""
    key = signature.signer(signature.path_of(found.root), found.digest)
    if key is None:
        return f"not signed; `wikiorder sign {found.root} --data SET --key KEY`, with a key in {TRUSTED}"
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


def _look_problem(found: Bundle, rules: Policy) -> str:
    if found.result.released is UNSET or found.digest in rules.by_bundle:
        return ""
    return f"its look does not stand in {LEDGER}; `wikiorder publish` enters it, in the file that --ledger names"


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
