"""The documents and the help texts: their commands exist and, if they are quick, run; their links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import fields, replace

from dataset_builder import sources
from dataset_builder import spec as specs
from dataset_builder.sources import SOURCES
from harness import cli
from harness.contract import frozen_set, signature
from harness.contract.frozen_set import FrozenSet
from harness.records import GroundTruth, Modality
from tests import bundles, document_commands, reference_page
from tests.dataset_builder.crawls import SIDE, article, crawl, picture
from tests.document_commands import PAGES, ROOT, DocumentedCommand, text
from tests.test_vocabulary import RIDDLES, RIDDLES_PER_1000

LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
COMMANDS = document_commands.documented()
DATA = "docs/data.md"
MAINTAIN = "docs/maintain.md"  # its blocks run in order, in a test of their own
README_WORDS = 1200

# Why a documented command is not run here, by its first words or an option.
NOT_RUN = {
    "dataset build --spec open-howto": "needs the crawl of open-howto; tests/dataset_builder builds from tiny crawls",
    "dataset sample --fresh": "draws 600 articles, in a minute",
    "evaluate submissions/blip": "loads torch; tests/submissions evaluates the shipped checkpoints",
    "evaluate submissions/clip": "needs a fine-tuned checkpoint; tests/submissions makes one",
    "evaluate submissions/coin --sandbox docker": "needs a container engine",
    "evaluate submissions/open_weights": "needs downloaded weights",
    "evaluate submissions/zero_shot": "needs a vision-language model; tests/submissions makes a small one",
    "finetune": "trains for a minute; tests/submissions trains a smaller model",
    "leaderboard compare-private": "needs private bundles; the test of docs/maintain.md makes them and runs it",
    "leaderboard rerun": "needs a container engine",
    "reproduce table2": "trains 90 models; tests/submissions runs a smaller grid",
    "weights": "downloads from a model hub or a package index",
}
OTHER = "other results"  # of other sets; a command that names one finds it below `results`
USES_SANDBOXES = ("evaluate", "submission", "rerun", "doctor")  # run as programs of their own, as a reader does
SPEC = """
name = "{name}"
version = "{version}"
seed = "documents"
canaries = 4
[articles]
min_side = {side}
[categories]
"Cooking" = {{ train = 12, validation = 6, test = 24 }}
"""


def reason_not_run(command: DocumentedCommand) -> str | None:
    return next((reason for words, reason in NOT_RUN.items() if f"{command.text} ".startswith(f"{words} ")), None)


WHOLE = {command.text: command for command in COMMANDS if command.whole and command.place != MAINTAIN}
RUN = sorted(name for name, command in WHOLE.items() if not reason_not_run(command))


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main([*words])
    return int(stop.value.code or 0)


def build(folder: Path, name: str, version: str, out: str, *options: str) -> FrozenSet:
    """Build a tiny set from the crawl RAW and return its test set."""
    spec = folder / f"{name}.toml"
    spec.write_text(SPEC.format(name=name, version=version, side=SIDE))
    places = ("--spec", str(spec), "--raw", str(folder / "RAW"), "--out", str(folder / out))
    assert run("dataset", "build", *places, "--workers", "1", *options) == 0
    return frozen_set.load(folder / out / "test")


def corrected(old: FrozenSet, root: Path) -> None:
    """Freeze version 1.1 of a set, with one other label."""
    shutil.copytree(old.root, root, ignore=shutil.ignore_patterns("SHA256SUMS", "README.md", "croissant.json"))
    first, *others = old.truths
    inverted = GroundTruth(first.pair_id, 1 - first.label, first.article_id, first.positions[::-1], first.strata)
    rows = zip(old.questions, [inverted, *others], strict=True)
    frozen_set.freeze(root, replace(old.manifest, version="1.1"), rows)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds each set, result, key and file that the documents name."""
    folder = tmp_path_factory.mktemp("documents")
    crawl(folder / "RAW", [article(number) for number in range(24)])
    sample = build(folder, "wikiorder-sample", "1", "sets/open-howto")
    (folder / "mine.toml").write_text(SPEC.format(name="mine", version="1", side=SIDE))
    shutil.copytree(sample.root, folder / "SET")
    shutil.copytree(sample.root, folder / "DATA")
    record = folder / "leaderboard/record/results"
    for results, modality in ((folder / "results", Modality.TEXT), (folder / "results", Modality.VISION)):
        bundles.write(results, sample, "clip", modality)
    bundles.write(record, sample, "clip", Modality.TEXT)
    options = ("--data", str(sample.root), "--sandbox", "process", "--modality", "text")
    assert run("evaluate", "submissions/coin", *options, "--results", str(folder / "results")) == 0
    for submission, name in (("coin", "wikiorder-sample-1.0"), ("clip", "tiny-1.0"), ("clip", "wikiorder-v1-1.0")):
        held = folder / "results" / submission / "wikiorder-sample-1-test"
        shutil.copytree(held, folder / OTHER / submission / f"{name}-test")
    shutil.copytree(folder / "sets/open-howto", folder / "sets/small-1")
    corrected(sample, folder / "sets/small-1.1/test")
    (folder / "release.key").write_bytes(bytes(range(32)))
    hidden = build(folder, "wikiorder", "2", "sets/hidden", "--key-file", str(folder / "release.key"))
    bundles.write(folder / OTHER, hidden, "blip", Modality.VISION_TEXT)
    assert run("leaderboard", "build", "--results", str(record)) == 0
    signature.create_key(folder / "signing.pem")
    lines = [json.dumps({"pair_id": pair.pair_id, "p_in_order": 0.5}) for pair in sample.questions]
    (folder / "answers.jsonl").write_text("\n".join(lines) + "\n")
    assert run("submission", "new", "mine", "--into", str(folder / "submissions")) == 0
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prepared folder, as the working directory; no container engine answers in it."""
    folder = shutil.copytree(prepared, tmp_path / "place", copy_function=os.link)  # no command changes a file in place
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WIKIORDER_SAMPLE", str(folder / "sets/open-howto"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/no.sock")
    monkeypatch.delenv("WIKIORDER_RESULTS", raising=False)
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.place}: {command.text}")
def test_every_documented_command_exists_with_its_options(command: DocumentedCommand) -> None:
    context, rest = document_commands.resolve(command.words)
    known = {option for parameter in context.command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.split("=")[0] for word in rest if word.startswith("--")}
    assert given <= known | {"--help", "--version"}, f"{command.place}: wikiorder {command.text}"


@pytest.mark.parametrize("words", RUN)
def test_a_documented_command_runs(words: str, place: Path) -> None:
    command = WHOLE[words]
    if command.words[:2] == ("submission", "new"):
        shutil.rmtree(place / "submissions/mine")
    if "--write-spec" in command.words:
        (place / "mine.toml").unlink()
    for held in (place / OTHER).glob("*/*"):
        if f"results/{held.parent.name}/{held.name}/" in words:
            shutil.copytree(held, place / "results" / held.parent.name / held.name)
    if command.words[0] in USES_SANDBOXES:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "harness", *command.words], env=environment, check=False
        ).returncode
    else:
        done = run(*command.words)
    verdict = command.words[:2] == ("dataset", "audit")  # has an exit code for each verdict
    assert done == 0 or verdict, f"{command.place}: wikiorder {words}"


def test_at_least_25_documented_commands_are_run() -> None:
    assert len(RUN) >= 25


def test_every_reason_not_to_run_a_command_is_needed() -> None:
    needed = {reason_not_run(command) for command in WHOLE.values()}
    assert set(NOT_RUN.values()) <= needed


def test_the_build_of_ten_articles_runs_as_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = text(DATA).partition("\n## Build ten articles\n")[2].partition("\n## ")[0]
    (program,) = re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-c", program], check=True)
    (block,) = document_commands.BLOCK.findall(section)
    commands = [words for line in block.splitlines() for words in document_commands.calls(line)]
    *done, verdict = [run(*words) for words in commands]
    assert done == [0, 0]
    assert verdict in (1, 4)  # never passed, as the page says
    assert {
        subset: len(frozen_set.load(tmp_path / "sets/mine" / subset).questions) for subset in ("train", "test")
    } == {
        "train": 16,
        "test": 10,
    }


def test_the_spec_table_names_every_key_and_its_default() -> None:
    table = text(DATA).partition("\n## The spec\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    for table_name, kind in specs.TABLES.items():
        for field in fields(kind):
            (row,) = [line for line in rows if line.startswith(f"| `[{table_name}]") and f"{field.name}`" in line]
            default = "strip" if field.name == "markup" else "even" if field.name == "draw" else field.default
            shown = f'"{default}"' if isinstance(default, str) else str(default).lower()
            assert shown in row.split(" | ")[1].split(", "), row
    for field in fields(specs.Spec):
        assert any(field.name in line.split(" | ")[0] for line in rows), field.name


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_example_of_a_layout_is_read(source: str, tmp_path: Path) -> None:
    example = re.search(rf"^`{source}`: (.*?)\n\n(?:```json\n(.*?)^```)?", text(DATA), re.DOTALL | re.MULTILINE)
    assert example
    pictures = re.findall(r"`([^`]+\.(?:jpg|png))`", example[1])
    held = dict(re.findall(r'`([^`]+\.txt)`\s"([^"]+)"', example[1]))
    if example[2]:
        held[re.findall("`([^`]+)`", example[1])[0]] = json.dumps(json.loads(example[2])) + "\n"
    for name, content in held.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    for name in pictures:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(picture(name))
    (one,) = sources.read(tmp_path)
    assert one.title.casefold() == "how to make tea"
    assert [(step.headline, step.picture) for step in one.steps] == list(
        zip(["Boil water.", "Pour."], pictures, strict=True)
    )
    categories = {"wikiplan": "", "tiir": "", "recipeqa": "Recipes"}
    assert one.category == categories.get(source, "Cooking")


@pytest.mark.docker
def test_the_page_for_maintainers_runs_from_top_to_bottom(prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name, module in (("wikiorder", "-m harness"), ("python3", "")):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    shutil.copytree(prepared / "RAW", tmp_path / "RAW")
    (tmp_path / "mine.toml").write_text(SPEC.format(name="mine", version="1", side=SIDE))
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", text(MAINTAIN), re.DOTALL | re.MULTILINE)
    script = "\n".join(held if kind == "sh" else f"python3 - <<'END'\n{held}END\n" for kind, held in blocks)
    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-eux", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, **path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    board = (tmp_path / "leaderboard/site/LEADERBOARD.md").read_text()
    assert "## mine 1 test" in board
    assert "## mine 1.1 test" in board
    assert "Signed by: The maintainers." in board
    assert "Trained on the test articles" in board
    assert (tmp_path / "release.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "signing.pem").stat().st_mode & 0o777 == 0o600


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    lines = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE).splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, "docs/reference.md"])
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(page: str) -> None:
    for target, anchor in LINK.findall(
        re.sub(r"`[^`]*`", "", text(page)) if page != "docs/reference.md" else text(page)
    ):
        linked = (ROOT / page).parent / target if target else ROOT / page
        assert linked.exists(), f"{page} links to {target}"
        if anchor and linked.suffix == ".md":
            assert anchor in headings(linked), f"{page} links to {target}#{anchor}"


def test_the_index_lists_every_page() -> None:
    index = text("docs/README.md")
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index, f"docs/README.md does not list {path.name}"


def test_the_reference_is_current() -> None:
    code = "from tests import reference_page; print(reference_page.page(), end='')"
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert reference_page.DOCUMENT.read_text(encoding="utf-8") == fresh, "run `python -m tests.reference_page`"


def test_the_readme_is_short_and_names_the_commands_of_a_fresh_machine() -> None:
    head, _, rest = text("README.md").partition("<!-- board: written by")
    own = head + rest.partition("<!-- end of the board -->")[2]
    assert len(own.split()) <= README_WORDS
    for wanted in ("make demo", "make test", "docker run wikiorder-harness evaluate submissions/blip", "TORCH_INDEX"):
        assert wanted in own


def test_the_documents_are_plain() -> None:
    pages = [text(page) for page in PAGES if not page.startswith("tests/")]
    words = sum(len(page.split()) for page in pages)
    assert 1000 * sum(len(RIDDLES.findall(page)) for page in pages) <= RIDDLES_PER_1000 * words
