"""Verdicts on a hidden set: ranks that are computed where the private bundles are, and published without any count.

`wikiorder leaderboard compare-private` compares the private bundles of the rows that a board shows, and writes one
signed file per set into the record. It holds the rank interval, the group and the released score of each row, and the
head of the ledger. Ranks tell a little more than the released scores: that one row is resolvably better than another.
This is not counted in the bits of the looks. Only looks that released a new score are compared, so a repetition tells
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET

from harness.contract import decoding, files, ledger, signature
from harness.contract.decoding import Record
from harness.contract.ledger import LedgerLine
from harness.contract.result import Digest, Fraction, Name
from harness.errors import InputError
from harness.records import Modality
from leaderboard.document import Row, Standing
from leaderboard.filing import Policy

if TYPE_CHECKING:
    from harness.contract.bundle import Bundle

FORMAT: Literal[1] = 1
PURPOSE = b"wikiorder verdicts 1\n"


class RankVerdict(Record, frozen=True, kw_only=True):
    """The verdict on one row, by the digest of its public bundle.

    `unranked`: the reasons for which the private bundle takes no rank.
    """

    bundle: Digest
    submission: Name
    modality: Modality
    released: Fraction
    standing: Standing | None
    unranked: tuple[str, ...]


class VerdictFile(Record, frozen=True, kw_only=True):
    """`verdicts/<digest of the set>.json`. `ledger`: SHA-256 of the ledger's last line when it was made."""

    format: Literal[1] = FORMAT
    set: Digest
    ledger: Digest
    verdicts: list[RankVerdict]


def read(folder: Path, rules: Policy) -> dict[str, RankVerdict]:
    """Return every verdict by the digest of the public bundle.

    Raises:
        InputError: a file is malformed, is not signed by a trusted key, or its ledger is not the one of the board.
    """
    found: dict[str, RankVerdict] = {}
    heads = {ledger.FIRST, *(ledger.line_digest(line) for line in rules.looks)}
    for path in sorted(folder.glob("*.json")):
        content = path.read_bytes()
        record = decoding.decode(VerdictFile, content, str(path))
        _require_signed(path, content, rules)
        if record.ledger not in heads:
            raise InputError(
                f"{path}: was made with a ledger that has line {record.ledger[:12]}…, which the board's ledger lacks; "
                "restore the whole ledger"
            )
        known = {line.bundle: line for line in rules.looks if line.set == record.set}
        for verdict in record.verdicts:
            look = known.get(verdict.bundle)
            if look is None or look.released != verdict.released or look.modality != verdict.modality:
                raise InputError(f"{path}: the verdict on {verdict.bundle[:12]}… has no such look in the ledger")
            found[verdict.bundle] = verdict
    return found


def write(
    folder: Path, digest: str, verdicts: Sequence[RankVerdict], looks: Sequence[LedgerLine], key_file: Path
) -> Path:
    """Write and sign the verdicts on one set. Return the path of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest}.json"
    record = VerdictFile(set=digest, ledger=ledger.head(looks), verdicts=list(verdicts))
    content = decoding.json_page(record).encode()
    files.write(path, content)
    signature.sign(path, hashlib.sha256(content).hexdigest(), signature.read_key(key_file), PURPOSE)
    return path


def of_rows(rows: Mapping[tuple[str, Modality], Row], published: Sequence[Bundle]) -> list[RankVerdict]:
    """Return the verdicts on published bundles from the rows of a board made of their private bundles.

    Args:
        rows: by the name of the submission and the modality.
        published: the public bundle of each row.
    """
    found = []
    for public in sorted(published, key=lambda one: (one.result.submission.name, one.result.modality)):
        result = public.result
        row = rows[result.submission.name, result.modality]
        if result.released is UNSET:
            continue
        found.append(
            RankVerdict(
                bundle=public.digest,
                submission=result.submission.name,
                modality=result.modality,
                released=result.released.value,
                standing=row.standing,
                unranked=row.unranked,
            )
        )
    return found


def _require_signed(path: Path, content: bytes, rules: Policy) -> None:
    signer = signature.signer(signature.path_of(path), hashlib.sha256(content).hexdigest(), PURPOSE)
    if signer is None or (rules.trusted is not None and signer not in rules.trusted):
        raise InputError(
            f"{path}: not signed by a key that this board trusts; run `wikiorder leaderboard compare-private` again"
        )
