"""What a build promises, whatever the crawl."""

import json
import os
import random
import resource
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from PIL import Image

from dataset_builder.build import BuildRequest, build
from dataset_builder.spec import Spec
from harness.contract import checksums, decoding, frozen_set
from harness.errors import InputError
from tests.dataset_builder.crawls import SIDE, article, crawl, picture, spec, write_lines

SUBSETS = frozen_set.SUBSETS
slow_enough = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def built(folder: Path, rows: list[dict], what: Spec, name: str = "out", workers: int = 1) -> str:
    return build(BuildRequest(what, crawl(folder / "raw", rows), folder / name, workers=workers)).digest


def test_every_subset_loads_and_agrees_with_the_crawl(tmp_path: Path) -> None:
    built(tmp_path, [article(n) for n in range(12)], spec())
    for subset, wanted in zip(SUBSETS, (20, 6, 6), strict=True):
        frozen = frozen_set.load(tmp_path / "out" / subset)
        assert len(frozen.questions) == wanted
        assert frozen.manifest.counts == {"Cooking": wanted}
        for pair, answer in zip(frozen.questions, frozen.truths, strict=True):
            first, second = answer.positions
            letters = [step.headline.split()[2] for step in (pair.first, pair.second)]
            assert letters == [chr(97 + first), chr(97 + second)]
            assert pair.title == f"How to Finish {answer.article_id}"


def test_input_order_and_workers_change_nothing(tmp_path: Path) -> None:
    rows = [article(n) for n in range(12)]
    one = built(tmp_path, rows, spec(), "one")
    random.Random(1).shuffle(rows)
    assert built(tmp_path, rows, spec(), "two", workers=2) == one
    for name in checksums.names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_seed_is_another_set(tmp_path: Path) -> None:
    rows = [article(n) for n in range(12)]
    other = spec()
    other = structs.replace(other, seed="other")
    assert built(tmp_path, rows, spec(), "one") != built(tmp_path, rows, other, "two")


@slow_enough
@given(steps=st.lists(st.integers(2, 7), min_size=12, max_size=24))
def test_labels_balance_pairs_are_unique_and_articles_keep_to_one_subset(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("crawl")
    rows = [article(n, count, "Cooking" if n % 2 else "Travel") for n, count in enumerate(steps)]
    quota = "{ train = 4, validation = 2, test = 2 }"
    try:
        built(folder, rows, spec(categories=f'"Cooking" = {quota}\n"Travel" = {quota}'))
    except InputError as error:
        assert "pairs, wanted" in str(error)
        return
    homes = defaultdict(set)
    seen = set()
    for subset in SUBSETS:
        frozen = frozen_set.load(folder / "out" / subset)
        labels = Counter((pair.category, a.label) for pair, a in zip(frozen.questions, frozen.truths, strict=True))
        wanted = spec(categories=f'"Cooking" = {quota}').quota("Cooking", subset) // 2
        assert set(labels.values()) == {wanted}
        for answer in frozen.truths:
            homes[answer.article_id].add(subset)
            identity = (answer.article_id, *sorted(answer.positions))
            assert identity not in seen
            seen.add(identity)
    assert all(len(subsets) == 1 for subsets in homes.values())


@slow_enough
@given(data=st.data())
def test_every_single_byte_corruption_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("crawl")
    built(folder, [article(n) for n in range(12)], spec())
    root = folder / "out"
    name = data.draw(st.sampled_from([*checksums.names(root), "SHA256SUMS"]))
    content = bytearray((root / name).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    (root / name).write_bytes(content)
    _, problems = checksums.verify(root)
    assert problems


def test_kinds_get_equal_quotas_and_exact_halves(tmp_path: Path) -> None:
    kinds = ("both", "text", "vision", "neither")
    rows = [article(n, strata={"kind": kinds[n % 4]}) for n in range(48)]
    what = spec('[pairs]\nbalance = "kind"', '"Cooking" = { train = 40, validation = 8, test = 16 }')
    built(tmp_path, rows, what)
    for subset, each in zip(SUBSETS, (5, 1, 2), strict=True):
        answers = frozen_set.load(tmp_path / "out" / subset).truths
        assert Counter((a.strata["kind"], a.label) for a in answers) == {
            (k, label): each for k in kinds for label in (0, 1)
        }


@pytest.mark.parametrize(("rules", "recorded"), [("", {"near-identical", "distinct"}), ("similar = false", {None})])
def test_a_pair_of_pictures_that_look_alike_is_a_stratum(tmp_path: Path, rules: str, recorded: set[str | None]) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(16)])
    for number in range(16):  # steps c and d of each article show the same scene, in other bytes
        for step, side in ((2, SIDE), (3, 2 * SIDE)):
            (raw / f"pictures/a{number:03}-{step}.png").write_bytes(picture(f"scene {number}", side))
    what = spec(f"[duplicates]\n{rules}", '"Cooking" = { train = 60, validation = 6, test = 6 }')
    build(BuildRequest(what, raw, tmp_path / "out", workers=1))
    frozen = frozen_set.load(tmp_path / "out/train")
    assert {answer.strata.get("pictures") for answer in frozen.truths} == recorded
    for pair, answer in zip(frozen.questions, frozen.truths, strict=True):
        things = {step.headline.split()[2] for step in (pair.first, pair.second)}
        if rules == "":
            assert (answer.strata["pictures"] == "near-identical") == (things == {"c", "d"})


def test_an_article_with_one_bad_picture_is_dropped_by_name_and_counted(tmp_path: Path) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    (raw / "pictures/a003-2.png").write_bytes(b"no picture")
    report = build(BuildRequest(spec(), raw, tmp_path / "out", workers=1)).report
    (row,) = [row for row in report.filters if row.articles]
    assert (row.reason, row.articles, row.steps) == ("unusable picture", 1, 5)
    assert row.examples[0].startswith("a003: pictures/a003-2.png: no JPEG, PNG or WebP")
    report_on_disk = json.loads((tmp_path / "out/report.json").read_text())
    assert report_on_disk == json.loads(decoding.json_page(report))


def test_nothing_of_the_crawl_shows_in_the_questions(tmp_path: Path) -> None:
    built(tmp_path, [article(n) for n in range(12)], spec())
    root = tmp_path / "out/test"
    text = (root / "questions.jsonl").read_text() + " ".join(checksums.names(root))
    for secret in ("pictures/", "-0.png", "article_id", "positions", "label"):
        assert secret not in text
    assert {path.stat().st_mtime for path in root.rglob("*")} == {0}


def test_a_picture_that_two_subsets_show_is_held_by_both(tmp_path: Path) -> None:
    rows = [article(n) for n in range(12)]
    for row in rows:
        row["steps"][0]["image"] = "pictures/logo.png"
    built(tmp_path, rows, spec())
    for subset in SUBSETS:
        frozen_set.load(tmp_path / "out" / subset)


def test_a_folder_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="exists already"):
        built(tmp_path, [article(0)], spec())


def test_a_failed_build_leaves_nothing_but_its_losses(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'Cooking': 1 articles give at most 10 pairs, wanted 32"):
        built(tmp_path, [article(0)], spec("[split]\ntrain = 1"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.losses.json", "raw"]


def test_what_a_killed_build_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "out.partial/train").mkdir(parents=True)
    (tmp_path / "out.partial/train/questions.jsonl").write_text("half")
    built(tmp_path, [article(n) for n in range(12)], spec())
    assert checksums.verify(tmp_path / "out")[1] == []


def test_a_doubled_id_is_named(tmp_path: Path) -> None:
    raw = crawl(tmp_path / "raw", [article(0)])
    write_lines(raw, [article(0), article(0)])
    with pytest.raises(InputError, match="article id 'a000' stands twice"):
        build(BuildRequest(spec(), raw, tmp_path / "out"))


def test_an_article_gives_at_most_as_many_pairs_as_the_spec_says(tmp_path: Path) -> None:
    built(tmp_path, [article(n) for n in range(30)], spec("[pairs]\nper_article = 2"))
    for subset in SUBSETS:
        counts = Counter(answer.article_id for answer in frozen_set.load(tmp_path / "out" / subset).truths)
        assert max(counts.values()) <= 2


def test_one_more_article_changes_only_what_it_must(tmp_path: Path) -> None:
    """It shifts at most one other article over each border of the split; elsewhere pairs only come or only go."""
    rows = [article(n) for n in range(41)]
    quota = '"Cooking" = { train = 60, validation = 20, test = 40 }'
    built(tmp_path / "less", rows[:-1], spec(categories=quota))
    built(tmp_path / "more", rows, spec(categories=quota))
    less, more = (pairs_of(tmp_path / name / "out") for name in ("less", "more"))
    moved = {name for name in less if name in more and less[name][0] != more[name][0]}
    assert len(moved) <= 2
    for name in less.keys() & more.keys() - moved:
        before, after = less[name][1], more[name][1]
        assert before <= after or after <= before


def pairs_of(out: Path) -> dict[str, tuple[str, set[tuple[int, ...]]]]:
    """The subset and the pairs of every article that a build shows."""
    found: dict[str, tuple[str, set[tuple[int, ...]]]] = {}
    for subset in SUBSETS:
        for answer in frozen_set.load(out / subset).truths:
            found.setdefault(answer.article_id, (subset, set()))[1].add(tuple(sorted(answer.positions)))
    return found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, workers: str) -> None:
    """A limit on the size of files stands in for the disk: writing fails in the middle, wherever it happens."""
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    noise = Image.frombytes("RGB", (300, 300), random.Random(1).randbytes(3 * 300 * 300))
    noise.save(raw / "pictures/a007-1.png")
    (tmp_path / "spec.toml").write_text(
        'name = "small"\nversion = "1"\nseed = "s"\n[articles]\nmin_side = 32\n'
        '[categories]\n"Cooking" = { train = 20, validation = 6, test = 6 }\n'
    )
    places = ["--spec", tmp_path / "spec.toml", "--raw", tmp_path / "raw", "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "harness", "dataset", "build", *map(str, places), "--workers", workers]
    for limit, words in (
        (64, "takes no more (disk I/O error)"),
        (200_000, "File too large"),
    ):  # bytes: the scratch, then the noise
        ran = subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        assert ran.returncode == 3, ran.stderr
        (line,) = (text for text in ran.stderr.splitlines() if text.startswith("wikiorder"))
        assert f"{words}; nothing was built" in line
        assert "Traceback" not in ran.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["raw", "spec.toml"]
