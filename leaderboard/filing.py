"""Filing a bundle in a board's record, if nothing speaks against it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from harness.contract import bundle, signature
from harness.contract.bundle import Bundle
from harness.errors import HarnessError, InputError
from harness.run import verification
from leaderboard import policy
from leaderboard.policy import Policy

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}")


def add(root: Path, results: Path, new_set: bool = False, replace: bool = False) -> Path:
    """Copy the bundle and its signature to where they belong below `results`. Every refusal says what to do."""
    found = bundle.read(root)
    rules = policy.read(results.parent)
    target = results.joinpath(*place(found))
    for problem in (
        _isolation(found),
        _withheld(found),
        _signature(found, rules),
        _numbers(found),
        _set(found, results, new_set),
    ):
        if problem:
            raise HarnessError(f"{root}: refused: {problem}")
    if found.digest in rules.disqualified:
        raise HarnessError(f"{root}: refused: disqualified: {rules.disqualified[found.digest]}")
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
    """The folder of a bundle below the results: plain words only, which cannot lead out of it."""
    of = found.result["set"]
    parts = (
        found.result["submission"]["name"],
        f"{of['name']}-{of['version']}-{of['subset']}",
        found.result["modality"],
    )
    for part in parts:
        if not PLAIN.fullmatch(part) or ".." in part:
            raise InputError(f"{found.root}: {part[:80]!r} cannot name a folder; evaluate again under a plain name")
    return parts[0], parts[1], parts[2].replace("+", "_")


def _isolation(found: Bundle) -> str:
    return "" if found.result["isolation"]["isolated"] else "not isolated; run it again with --sandbox docker"


def _withheld(found: Bundle) -> str:
    """Answers pair by pair would tell of a hidden set; counts per article are enough to rank."""
    if found.result["set"]["visibility"] == "public" or "predictions.jsonl" in found.result.get("withheld", {}):
        return ""
    return f"it answers a hidden set pair by pair; `wikiorder publish {found.root}` makes the bundle to file"


def _signature(found: Bundle, rules: Policy) -> str:
    if rules.trusted is None:
        return ""
    key = signature.signer(signature.path_of(found.root), found.digest)
    if key is None:
        return f"not signed; `wikiorder sign {found.root} --key KEY`, with a key in {policy.TRUSTED}"
    return "" if key in rules.trusted else f"signed by {key[:16]}…, which does not stand in {policy.TRUSTED}"


def _numbers(found: Bundle) -> str:
    if found.result["scores"] is None:
        return ""
    problems = verification.from_counts(found)
    return f"its numbers do not follow from its counts: {problems[0]}" if problems else ""


def _set(found: Bundle, results: Path, new_set: bool) -> str:
    """A board opens a table for another set, or version of one, only when told to."""
    if new_set:
        return ""
    known = {other.result["set"]["digest"] for other in _filed(results)}
    of = found.result["set"]
    if of["digest"] in known:
        return ""
    title = f"{of['name']} {of['version']} {of['subset']} ({of['digest'][:12]}…)"
    return (
        f"no row of the board is on {title}; evaluate on the board's set, or open a table for this one with --new-set"
    )


def _filed(results: Path) -> list[Bundle]:
    return [bundle.read(path.parent) for path in sorted(results.rglob("result.json"))]
