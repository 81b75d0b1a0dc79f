"""Bad input at the command line: one clear line, the right exit code, no traceback."""

from pathlib import Path

import pytest

from dataset_builder.sources import SOURCES
from harness import cli
from harness.contract import checksums
from tests.dataset_builder.crawls import SIDE, article, crawl, write_lines

SPEC = f"""
name = "small"
version = "1"
seed = "small"
[articles]
min_side = {SIDE}
[categories]
"Cooking" = {{ train = 20, validation = 6, test = 6 }}
"""


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments])
    return int(stop.value.code or 0)


def build(tmp_path: Path, spec: str = SPEC, raw: str = "raw") -> int:
    (tmp_path / "spec.toml").write_text(spec)
    places = ("--spec", tmp_path / "spec.toml", "--raw", tmp_path / raw, "--out", tmp_path / "out")
    return run("dataset", "build", *map(str, places), "--workers", "1")


def line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that stands on standard error."""
    lines = [text for text in capsys.readouterr().err.splitlines() if text.startswith("wikiorder")]
    assert len(lines) == 1
    return lines[0]


def test_build_and_verify_print_the_same_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(n) for n in range(12)])
    assert build(tmp_path) == 0
    digest = capsys.readouterr().out.split()[-1]
    assert run("dataset", "verify", str(tmp_path / "out")) == 0
    assert capsys.readouterr().out.split()[-1] == digest
    assert run("dataset", "verify", str(tmp_path / "out/test")) == 0


def test_verify_names_what_is_altered_missing_and_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(n) for n in range(12)])
    build(tmp_path)
    capsys.readouterr()
    questions = tmp_path / "out/test/questions.jsonl"
    questions.write_text(questions.read_text().replace("thing", "thinG", 1))
    (tmp_path / "out/test/manifest.json").unlink()
    (tmp_path / "out/extra").touch()
    assert run("dataset", "verify", str(tmp_path / "out")) == 1
    said = capsys.readouterr()
    assert [text.split(":")[0:2] for text in said.out.splitlines()] == [
        ["extra", " extra; SHA256SUMS does not list it"],
        ["test/manifest.json", " missing"],
        ["test/questions.jsonl", said.out.splitlines()[2].split(":")[1]],
    ]
    assert "3 files are not as they were frozen" in said.err


def test_verify_tells_a_format_that_it_does_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(n) for n in range(12)])
    build(tmp_path)
    manifest = tmp_path / "out/test/manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 2'))
    checksums.seal(tmp_path / "out")
    capsys.readouterr()
    assert run("dataset", "verify", str(tmp_path / "out")) == 2
    assert "test/manifest.json: format: found 2, which this version does not read" in line(capsys)


def test_records_that_are_left_out_are_told_by_a_build_that_succeeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [article(n) for n in range(14)]
    crawl(tmp_path / "raw", rows)
    write_lines(tmp_path / "raw", [*rows[:12], {**rows[12], "title": None}, {**rows[13], "steps": None}])
    places = ("--spec", tmp_path / "spec.toml", "--raw", tmp_path / "raw", "--out", tmp_path / "out")
    build(tmp_path)
    capsys.readouterr()
    for _ in "anew", "unchanged":
        assert run("dataset", "build", *map(str, places), "--workers", "1", "--skip-bad") == 0
        said = capsys.readouterr().out
        assert "2 records cannot be read:" in said
        assert "articles.jsonl:13: title: found null, wanted text" in said
        assert "articles.jsonl:14: steps: found null, wanted a list" in said
        assert "dropped because of" not in said


def test_a_missing_raw_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path) == 2
    assert "raw: no such folder" in line(capsys)


def test_a_folder_of_no_known_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "raw").mkdir()
    assert build(tmp_path) == 2
    told = line(capsys)
    assert "found no known layout; wanted one of articles.jsonl (articles)" in told
    assert [marker for source in SOURCES.values() for marker in source.markers if marker not in told] == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b'{"id": "a1", "title": \n', "articles.jsonl:1: not valid JSON"),
        (b"[1, 2]\n", "articles.jsonl:1: found a JSON list, wanted an object"),
        (b'{"id": "a\xff1"}\n', "articles.jsonl:1: not valid JSON"),
        (b'{"id": "a1", "category": "c", "steps": []}\n', "lacks the field `title"),
        (
            b'{"id": "a1", "title": "t", "category": "c", "steps": [{"headline": 3, "image": ""}]}\n',
            "steps[0].headline",
        ),
        (b'{"id": "a1", "title": "\\ud800", "category": "c", "steps": []}\n', "no valid Unicode"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: bytes, words: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/articles.jsonl").write_bytes(broken)
    assert build(tmp_path) == 2
    assert words in line(capsys)


def test_a_spec_with_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(0)])
    assert build(tmp_path, SPEC.replace("min_side", "min_size")) == 2
    assert "unknown key 'min_size'; did you mean min_side" in line(capsys)


def test_too_few_articles_for_the_asked_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(n) for n in range(3)])
    assert build(tmp_path) == 2
    assert "'Cooking': 3 articles give at most 30 pairs, wanted 32" in line(capsys)


def test_an_empty_category(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(n) for n in range(12)])
    assert build(tmp_path, SPEC + '"Travel" = { train = 2, validation = 2, test = 2 }\n') == 2
    assert "'Travel': no article is left, wanted 6 pairs" in line(capsys)


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crawl(tmp_path / "raw", [article(0)])
    (tmp_path / "out.partial").write_text("in the way")
    assert build(tmp_path) == 3
    assert "out.partial: File exists; nothing was built" in line(capsys)
