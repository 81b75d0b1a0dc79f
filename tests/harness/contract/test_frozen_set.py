"""The frozen set: what is written is what is read, and any change is named and refused."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.contract import checksums, frozen_set
from harness.errors import InputError
from tests.dataset_builder.alarm import ends_soon
from tests.sets import tiny_set


@pytest.fixture
def frozen(tmp_path: Path) -> frozen_set.FrozenSet:
    return tiny_set(tmp_path)


def test_a_set_is_read_as_it_was_frozen(frozen: frozen_set.FrozenSet) -> None:
    again = frozen_set.load(frozen.root)
    assert (again.digest, again.questions, again.truths) == (frozen.digest, frozen.questions, frozen.truths)
    assert frozen.picture(frozen.questions[0].first).read_bytes().startswith(b"\x89PNG")


def test_sha256sum_reads_the_sums_without_our_software(frozen: frozen_set.FrozenSet) -> None:
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=frozen.root, check=False)
    assert done.returncode == 0


def test_the_same_rows_give_the_same_digest(tmp_path: Path) -> None:
    assert tiny_set(tmp_path / "a").digest == tiny_set(tmp_path / "b").digest


def test_a_flipped_byte_in_any_file_is_named(frozen: frozen_set.FrozenSet) -> None:
    for name in checksums.names(frozen.root):
        path = frozen.root / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"{name}: altered"):
            frozen_set.load(frozen.root)
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    frozen_set.load(frozen.root)


def test_a_missing_an_extra_and_a_linked_file_are_named(frozen: frozen_set.FrozenSet) -> None:
    picture = frozen.picture(frozen.questions[0].first)
    kept = picture.read_bytes()
    picture.unlink()
    (frozen.root / "notes.txt").write_text("hello")
    _, problems = checksums.verify(frozen.root)
    name = picture.relative_to(frozen.root).as_posix()
    assert problems == sorted([f"{name}: missing", "notes.txt: extra; SHA256SUMS does not list it"])
    (frozen.root / "notes.txt").unlink()
    (frozen.root / "elsewhere.png").write_bytes(kept)
    picture.symlink_to(frozen.root / "elsewhere.png")
    with pytest.raises(InputError, match="a symbolic link"):
        frozen_set.load(frozen.root)


def test_a_pipe_in_a_set_is_named_and_not_waited_for(frozen: frozen_set.FrozenSet) -> None:
    for path in [frozen.root / name for name in checksums.names(frozen.root)]:
        kept = path.read_bytes()
        path.unlink()
        os.mkfifo(path)
        with ends_soon(), pytest.raises(InputError, match=f"{path.name}: is a pipe"):
            frozen_set.load(frozen.root)
        path.unlink()
        path.write_bytes(kept)


def test_pictures_that_no_row_shows_are_left_out(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path, articles=2, pairs_per_article=1)
    shown = {step.image for pair in frozen.questions for step in (pair.first, pair.second)}
    assert {name for name in checksums.names(frozen.root) if name.startswith("images/")} == shown


def test_times_are_zero_and_answers_are_the_owners(frozen: frozen_set.FrozenSet) -> None:
    assert {path.stat().st_mtime for path in frozen.root.rglob("*")} == {0.0}
    assert (frozen.root / "answers/answers.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("not json", "not valid JSON"),
        ("[1]", "found a JSON list"),
        ('{"pair_id": "p1"}', "lacks the field `category`"),
        ('{"pair_id":"p","category":"c","title":"t","steps":[]}', "steps"),
    ],
)
def test_a_broken_line_is_named(frozen: frozen_set.FrozenSet, found: str, wanted: str) -> None:
    path = frozen.root / "questions.jsonl"
    path.write_text(path.read_text() + found + "\n")
    checksums.seal(frozen.root)
    with pytest.raises(InputError, match=rf"questions.jsonl:{len(frozen.questions) + 1}: .*{wanted}"):
        frozen_set.load(frozen.root)


def test_a_picture_outside_the_set_is_refused(frozen: frozen_set.FrozenSet) -> None:
    path = frozen.root / "questions.jsonl"
    path.write_text(path.read_text().replace(frozen.questions[0].first.image, "../../../etc/hostname"))
    checksums.seal(frozen.root)
    with pytest.raises(
        InputError, match=r"steps\[0\]\.image: found .\.\./\.\./\.\./etc/hostname., wanted text matching"
    ):
        frozen_set.load(frozen.root)


def test_a_folder_that_is_no_set_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no SHA256SUMS"):
        frozen_set.load(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        frozen_set.load(tmp_path / "nowhere")


def test_the_part_of_one_category_does_not_pass_for_the_whole(tmp_path: Path) -> None:
    whole = tiny_set(tmp_path, categories=("Family Life", "Health"))
    part, other = (frozen_set.of_category(whole, category) for category in ("Family Life", "Health"))
    assert {pair.category for pair in part.questions} == {"Family Life"}
    assert [pair.pair_id for pair in part.questions] == [answer.pair_id for answer in part.truths]
    assert len(part.questions) + len(other.questions) == len(whole.questions)
    assert part.manifest.counts == {"Family Life": len(part.questions)}
    assert part.title == "tiny-family-life 1.0 test"
    assert len({whole.digest, part.digest, other.digest}) == 3
    assert part.root == whole.root  # so that a sandbox keeps all answers from the predictor
    with pytest.raises(InputError, match="no pair of category 'Travel'; it holds Family Life, Health"):
        frozen_set.of_category(whole, "Travel")
