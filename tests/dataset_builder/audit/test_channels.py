"""No channel for the order passes: a build removes it, or the audit fails."""

from pathlib import Path

import pytest

from dataset_builder.audit.verdict import Verdict
from tests.dataset_builder.audit.channels import (
    NAMES,
    PICTURES,
    TEXTS,
    Marker,
    audited,
    false_alarms,
    removed_from_file,
    removed_from_text,
)

AUDITED = (
    "word of a fixed list",
    "length of the headline",
    "final word",
)  # texts that a build cannot tell from content
IN_THE_CODING = (
    "picture's size",
    "JPEG quality",
    "progressive JPEG",
    "chroma subsampling",
    "file format",
    "PNG compression",
    "palette order",
)


def test_there_are_at_least_forty_channels() -> None:
    assert len(TEXTS) + len(PICTURES) + len(NAMES) >= 40


@pytest.mark.parametrize("mark", [mark for name, mark in TEXTS.items() if name not in AUDITED], ids=lambda _: "")
def test_a_build_removes_every_marker_from_headlines(mark: Marker) -> None:
    assert removed_from_text(mark)


@pytest.mark.parametrize("name", [name for name in PICTURES if name not in IN_THE_CODING])
def test_stripping_removes_every_channel_beside_the_pixels(name: str) -> None:
    assert removed_from_file(PICTURES[name])


@pytest.mark.parametrize("name", IN_THE_CODING)
def test_a_channel_in_the_coding_is_no_matter_of_stripping(name: str) -> None:
    assert not removed_from_file(PICTURES[name])


@pytest.mark.slow
def test_the_audit_fails_none_of_three_clean_builds() -> None:
    """A smaller version of the twenty that docs/data.md counts; names, times and rows tell the order in each."""
    assert false_alarms(3) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_THE_CODING)
def test_a_channel_in_the_coding_fails_the_audit(tmp_path: Path, name: str) -> None:
    assert audited(tmp_path, paint=PICTURES[name]).verdict is Verdict.FAIL


@pytest.mark.slow
@pytest.mark.parametrize("name", AUDITED)
def test_a_channel_that_reads_like_content_fails_the_audit(tmp_path: Path, name: str) -> None:
    found = audited(tmp_path, TEXTS[name])
    assert found.verdict is Verdict.FAIL
    assert any(result.printed and result.examples for result in found.results)
