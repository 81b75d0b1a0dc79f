"""From a folder of result bundles to rows: the one place where the words of strangers enter the board."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from harness.contract import bundle, decoding, signature
from harness.contract.bundle import Bundle
from harness.contract.decoding import Decoded
from harness.contract.result import AccuracyEstimate, Isolation, Result, Scores, SubmissionIdentity
from harness.errors import InputError
from harness.records import Modality
from leaderboard import eligibility, filing, titles, verdicts
from leaderboard.document import Entrant, OtherScores, Provenance, Row, SetKey
from leaderboard.filing import Policy
from leaderboard.verdicts import RankVerdict

LONGEST_READ = 4_000  # characters of a text that are looked at: cleaning 100,000 takes a tenth of a second
LONGEST_WORDS = 80  # characters of a text that has no limit of its own below
LONGEST_TITLE, LONGEST_AUTHOR, LONGEST_LICENCE, LONGEST_PAPER, LONGEST_DATA, LONGEST_REASON = 80, 60, 60, 200, 200, 300
MOST_LISTED = 20  # entries of a list that are shown; the rest is counted
BLANK = titles.BLANK | {"\u034f"}  # characters that show nothing, although Unicode counts them as letters or marks
JOINER = "\u200d"  # holds an emoji family together: the one invisible character that stays


@dataclass(frozen=True)
class FiledResult:
    """One bundle, read: its row, not ranked yet, and the counts by which it is ranked.

    asked: category, opaque name and number of pairs of each article, sorted; empty for a failed run.
    correct: pairs that were predicted correctly, of each of these articles.
    root: the folder of the bundle.
    """

    set: SetKey
    row: Row
    asked: tuple[tuple[str, str, int], ...]
    correct: tuple[int, ...]
    root: Path

    @property
    def name(self) -> str:
        """Return the name of the submission."""
        return self.row.submission.name

    @property
    def place(self) -> str:
        """Return submission, modality and set in words; no two rows of one set share them."""
        return f"{self.name} {self.row.modality} on {self.set.title}"


def collect(results: Path) -> list[FiledResult]:
    """Return every bundle below `results` as a row, in the order of their paths.

    Raises:
        InputError: there is no such folder, or a bundle is incomplete, filed twice, or was asked other pairs.
    """
    if not results.is_dir():
        raise InputError(f"{results}: no such folder; wanted result bundles, as `wikiorder evaluate` writes them")
    rules = filing.read_policy(results.parent)
    judged = verdicts.read(results.parent / filing.VERDICTS, rules)
    rows = (read(root, rules) for root in filing.bundle_folders(results))
    return checked(_with_verdict(found, judged) for found in rows)


def _with_verdict(found: FiledResult, judged: Mapping[str, RankVerdict]) -> FiledResult:
    """Return a row on a hidden set with the rank that was computed where the private bundles are."""
    row = found.row
    if row.released is None:
        return found
    verdict = judged.get(row.provenance.bundle)
    if verdict is None:
        unranked = row.unranked or (eligibility.NOT_COMPARED,)
        return replace(found, row=msgspec.structs.replace(row, unranked=unranked, standing=None))
    unranked = tuple(dict.fromkeys((*row.unranked, *verdict.unranked)))
    standing = None if unranked else verdict.standing
    return replace(found, row=msgspec.structs.replace(row, unranked=unranked, standing=standing))


def read(root: Path, rules: Policy) -> FiledResult:
    """Read one bundle. A signature that does not verify is an InputError; one by an unknown key counts as none."""
    found = bundle.read(root)
    key = signature.signer(signature.path_of(root), found.digest)
    return to_row(found, rules, (rules.trusted or {}).get(key or ""))


def checked(filed: Iterable[FiledResult]) -> list[FiledResult]:
    """Return the results after comparing them with each other.

    Raises:
        InputError: two bundles hold results of the same run, or two results on one set were asked different pairs.
    """
    seen: dict[tuple[SetKey, str, Modality], FiledResult] = {}
    shared: dict[SetKey, FiledResult] = {}
    for found in filed:
        key = found.set, found.name, found.row.modality
        if key in seen:
            places = f"{seen[key].root} and {found.root}"
            raise InputError(f"two bundles of {found.place}: {places}; wanted one row for each: remove one of them")
        seen[key] = found
        if found.row.failure is None and found.row.released is None:
            other = shared.setdefault(found.set, found)
            if found.asked != other.asked:
                raise InputError(
                    f"{found.place} was asked other pairs than {other.place}, so they cannot be compared; "
                    "evaluate both on the same set"
                )
            seen[key] = replace(found, asked=other.asked)  # a thousand rows share one copy of the articles
    return _told_apart(seen.values())


def _told_apart(filed: Iterable[FiledResult]) -> list[FiledResult]:
    """Return the results with titles that cannot be mistaken for each other."""
    rows = list(filed)
    shown = titles.told_apart({found.name: found.row.submission.title for found in rows})
    return [
        replace(
            found,
            row=msgspec.structs.replace(
                found.row, submission=msgspec.structs.replace(found.row.submission, title=shown[found.name])
            ),
        )
        for found in rows
    ]


def to_row(found: Bundle, rules: Policy, signer: str | None) -> FiledResult:
    """Return a bundle as a row without a rank. signer: the name of the trusted key that signed it."""
    result = found.result
    accuracy = result.scores.accuracy if result.scores else None
    articles = sorted(found.articles, key=lambda count: (count.category, count.article))
    row = Row(
        submission=_entrant(result.submission),
        modality=result.modality,
        standing=None,
        unranked=tuple(clean(reason, LONGEST_REASON) for reason in eligibility.reasons(found, rules, signer)),
        failure=clean(result.failure.reason, LONGEST_REASON) if result.failure else None,
        released=None if result.released is UNSET else result.released,
        macro=_macro(result),
        micro=_estimate(accuracy.micro) if accuracy else None,
        categories={clean(name): _estimate(value) for name, value in sorted(accuracy.categories.items())}
        if accuracy
        else {},
        scores=_other_scores(result.scores) if result.scores else OtherScores(),
        isolation=_isolation(result.isolation),
        trust=result.trust,
        date=_date(found.timings.finished),
        signer=signer,
        provenance=_provenance(found),
    )
    return FiledResult(
        set=_set_key(result),
        row=row,
        asked=tuple((count.category, count.article, count.asked) for count in articles),
        correct=tuple(count.correct for count in articles),
        root=found.root,
    )


def clean(text: str, longest: int = LONGEST_WORDS) -> str:
    """Return one line of at most `longest` characters without control, bidirectional or other invisible characters."""
    normal = unicodedata.normalize("NFC", text[:LONGEST_READ])
    shown = "".join(c if _is_visible(c) else " " for c in normal)
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _is_visible(character: str) -> bool:
    hidden = character in BLANK or unicodedata.category(character).startswith(("C", "Z"))
    return character == JOINER or not hidden


def _cleaned_record(record: Decoded) -> Decoded:
    """Return a record with every text in it cleaned, the keys of its objects included."""
    return decoding.convert(type(record), _cleaned_json(decoding.to_json(record)), "a result")


def _cleaned_json(value: object) -> object:
    if isinstance(value, str):
        return clean(value, LONGEST_DATA)
    if isinstance(value, dict):
        return {clean(key): _cleaned_json(held) for key, held in value.items()}
    return [_cleaned_json(held) for held in value] if isinstance(value, list) else value


def _cleaned_list(texts: Sequence[str], longest: int) -> tuple[str, ...]:
    kept = tuple(clean(text, longest) for text in texts[:MOST_LISTED])
    more = len(texts) - len(kept)
    return (*kept, f"and {more} more") if more else kept


def _date(text: str | UnsetType) -> str | None:
    """Return the day of an ISO 8601 time, such as 2026-11-23; None of any other text."""
    try:
        return None if text is UNSET else datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None


def _set_key(result: Result) -> SetKey:
    of = result.set
    return SetKey(
        name=clean(of.name),
        version=clean(of.version),
        subset=clean(of.subset),
        visibility=of.visibility,
        protocol=result.protocol,
        pairs=of.pairs,
        digest=of.digest,
    )


def _entrant(of: SubmissionIdentity) -> Entrant:
    return Entrant(
        name=of.name,
        title=clean(of.title, LONGEST_TITLE) or of.name,
        kind=of.kind,
        authors=_cleaned_list(of.authors, LONGEST_AUTHOR),
        licence=clean(of.licence, LONGEST_LICENCE),
        paper=_cleaned_or_none(of.paper, LONGEST_PAPER),
        parameters=of.parameters,
        training_data=_cleaned_list(of.training_data, LONGEST_DATA),
    )


def _macro(result: Result) -> AccuracyEstimate | None:
    """Return the macro accuracy; a released score has no interval, which would tell more than the score."""
    if result.released is not UNSET:
        return AccuracyEstimate(value=result.released.value, low=None, high=None)
    return _estimate(result.scores.accuracy.macro) if result.scores else None


def _estimate(found: AccuracyEstimate) -> AccuracyEstimate:
    """Return value, low and high alone."""
    return AccuracyEstimate(value=found.value, low=found.low, high=found.high)


def _other_scores(scores: Scores) -> OtherScores:
    return _cleaned_record(
        OtherScores(
            precision=scores.precision,
            calibration=scores.calibration,
            strata=scores.strata,
            transitivity=scores.transitivity,
        )
    )


def _isolation(of: Isolation) -> Isolation:
    covers, exposes = (_cleaned_list(texts, LONGEST_DATA) for texts in (of.covers, of.exposes))
    return msgspec.structs.replace(of, covers=covers, exposes=exposes)


def _provenance(found: Bundle) -> Provenance:
    of = found.result.submission
    return Provenance(
        bundle=found.digest,
        submission=of.digest,
        image=_cleaned_or_none(of.image, LONGEST_DATA),
        weights=_cleaned_or_none(of.weights, LONGEST_DATA),
        harness=clean(found.result.harness.version),
        protocol=found.result.protocol,
        seed=found.result.seed,
    )


def _cleaned_or_none(text: str | None, longest: int) -> str | None:
    return clean(text, longest) if text else text
