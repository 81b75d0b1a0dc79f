"""The published checkpoints: pinned, locked, refused when they differ."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import wikiorder
from submissions.shared import published
from submissions.shared.baselines import BASELINES
from submissions.shared.published import PUBLISHED, PinnedRepository
from submissions.shared.settings import RecipeError


class Hub:
    """Stands for the hub: a file holds its own name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, source: PinnedRepository, name: str, folder: Path) -> None:
        self.asked.append(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


def test_every_baseline_is_pinned_to_a_commit_and_its_files_lie_where_it_looks() -> None:
    assert PUBLISHED.keys() == BASELINES.keys()
    for baseline, sources in PUBLISHED.items():
        assert all(re.fullmatch("[0-9a-f]{40}", source.revision) for source in sources)
        names = {f"{source.folder}/{name}" for source in sources for name in source.files}
        kind = BASELINES[baseline]
        assert {f"{part.folder}/config.json" for part in kind.parts.values()} <= names
        assert {f"{kind.text_folder}/tokenizer.json", f"{kind.picture_folder}/preprocessor_config.json"} <= names


def test_every_weight_file_is_locked_and_nothing_is_locked_that_is_not_fetched() -> None:
    lock = published.read_lock(published.LOCK)
    for baseline, locked in lock.items():
        names = {(Path(s.folder) / name).as_posix() for s in PUBLISHED[baseline] for name in s.files}
        assert locked.keys() <= names
        assert {name for name in names if name.endswith((".bin", ".safetensors"))} <= locked.keys()
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in locked.values())
    assert {"clip", "vit_roberta", "blip"} <= lock.keys()


def test_locking_adds_what_is_missing_and_keeps_the_rest(tmp_path: Path) -> None:
    folder, lock = tmp_path / "weights", tmp_path / "lock.json"
    published.fetch("clip", folder, Hub(), lock)
    known = {"config.json": hashlib.sha256(b"config.json").hexdigest()}
    lock.write_text(json.dumps({"clip": known}), encoding="utf-8")
    assert published.check("clip", folder, lock)
    assert published.write_lock("clip", folder, lock).items() >= known.items()
    assert len(published.read_lock(lock)["clip"]) == 4


def test_only_missing_files_are_fetched(tmp_path: Path) -> None:
    hub = Hub()
    published.fetch("vit_roberta", tmp_path / "weights", hub, tmp_path / "lock.json")
    assert len(hub.asked) == 6
    (tmp_path / "weights/text/tokenizer.json").unlink()
    published.fetch("vit_roberta", tmp_path / "weights", hub, tmp_path / "lock.json")
    assert hub.asked[6:] == ["tokenizer.json"]


def test_a_file_that_differs_from_the_locked_one_is_refused_and_never_locked_over(tmp_path: Path) -> None:
    folder, lock = tmp_path / "weights", tmp_path / "lock.json"
    published.fetch("clip", folder, Hub(), lock)
    assert not published.check("clip", folder, lock)
    locked = published.write_lock("clip", folder, lock)
    assert locked["config.json"] == hashlib.sha256(b"config.json").hexdigest()
    assert published.check("clip", folder, lock)
    (folder / "config.json").write_text("tampered", encoding="utf-8")
    for act in (published.check, published.write_lock):
        with pytest.raises(RecipeError, match=r"config\.json: not the published file"):
            act("clip", folder, lock)


def test_a_missing_file_says_which_command_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"`wikiorder weights fetch blip .*` downloads it"):
        published.write_lock("blip", tmp_path, tmp_path / "lock.json")


def test_a_hub_that_cannot_be_reached_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = CliRunner().invoke(wikiorder, ["weights", "fetch", "clip", str(tmp_path / "weights")])
    assert getattr(result.exception, "exit_code", None) == 2
    message = str(result.exception)
    assert "cannot download config.json of openai/clip-vit-base-patch32 at 3d74acf9a28c" in message
    assert "\n" not in message
