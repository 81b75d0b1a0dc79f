"""Signatures of bundles: they hold for these very bytes and this very key, or say why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.commands.rescore import rescore
from harness.contract import bundle, checksums, signature
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from tests import bundles
from tests.sets import tiny_set

DIGEST = "ab" * 32


def test_a_signature_names_its_signer(tmp_path: Path) -> None:
    key = signature.create_key(tmp_path / "key.pem")
    path = signature.sign(tmp_path / "vision", DIGEST, key)
    assert path == tmp_path / "vision.sig"
    assert signature.signer(path, DIGEST) == signature.public_name(key)


def test_no_signature_is_no_signer(tmp_path: Path) -> None:
    assert signature.signer(tmp_path / "vision.sig", DIGEST) is None


def test_a_key_is_read_back_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = signature.create_key(tmp_path / "key.pem")
    assert signature.public_name(signature.read_key(tmp_path / "key.pem")) == signature.public_name(key)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("precious")
    with pytest.raises(InputError, match="a file lies here already"):
        signature.create_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").read_text() == "precious"


def test_a_signature_of_another_bundle_is_refused(tmp_path: Path) -> None:
    path = signature.sign(tmp_path / "vision", "cd" * 32, signature.create_key(tmp_path / "key.pem"))
    with pytest.raises(InputError, match="signs bundle cdcdcdcdcdcd…, but this one is abababababab…"):
        signature.signer(path, DIGEST)


@pytest.mark.parametrize("part", ["key", "signature", "bundle"])
def test_a_signature_with_one_digit_changed_is_refused(tmp_path: Path, part: str) -> None:
    path = signature.sign(tmp_path / "vision", DIGEST, signature.create_key(tmp_path / "key.pem"))
    record = json.loads(path.read_text())
    record[part] = ("1" if record[part][0] != "1" else "2") + record[part][1:]
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="sign it again"):
        signature.signer(path, DIGEST)


@pytest.mark.parametrize("value", [None, 7, "ab", "zz" * 64, "AB" * 64])
def test_nonsense_for_a_signature_is_named(tmp_path: Path, value: object) -> None:
    path = signature.sign(tmp_path / "vision", DIGEST, signature.create_key(tmp_path / "key.pem"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"signature": value}))
    with pytest.raises(InputError, match=r"signature: found .*, wanted text"):
        signature.signer(path, DIGEST)


def test_what_is_no_key_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.pem").write_text("hello")
    with pytest.raises(SystemExit) as ended:
        main(["sign", "--data", str(tmp_path), "--key", str(tmp_path / "key.pem")])
    assert ended.value.code == 2
    assert "not an unencrypted PEM key; make one with --create" in capsys.readouterr().err


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenSet:
    return tiny_set(tmp_path / "set", articles=20, pairs_per_article=4)


def command(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["sign", *map(str, words)])
    return int(ended.value.code or 0)


@pytest.fixture
def scored(tmp_path: Path, frozen: FrozenSet) -> Path:
    """A bundle whose every number follows from its predictions."""
    root = bundles.write(tmp_path / "results", frozen, "model")
    CliRunner().invoke(rescore, [str(root), "--data", str(frozen.root)], catch_exceptions=False)
    return root


def test_a_bundle_is_signed_after_every_number_was_derived_again(
    tmp_path: Path, scored: Path, frozen: FrozenSet
) -> None:
    assert command(scored, "--data", frozen.root, "--key", tmp_path / "key.pem", "--create") == 0
    key = signature.read_key(tmp_path / "key.pem")
    assert signature.signer(signature.path_of(scored), bundle.read(scored).digest) == signature.public_name(key)


def test_a_bundle_cannot_be_signed_without_its_set(tmp_path: Path, scored: Path) -> None:
    assert command(scored, "--key", tmp_path / "key.pem", "--create") == 2
    assert not signature.path_of(scored).exists()


FORGERIES = {
    "a better score": lambda record: record["scores"]["accuracy"]["macro"].update(value=0.99, low=0.9, high=1.0),
    "a better trust figure": lambda record: record["trust"].update(swap_consistency=1.0),
    "another name of the set": lambda record: record["set"].update(name="other"),
    "fewer pairs in the set": lambda record: record["set"].update(pairs=3),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_bundle_is_not_signed(
    tmp_path: Path, scored: Path, frozen: FrozenSet, forgery: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scored / "result.json"
    record = json.loads(path.read_text())
    if forgery == "a better score":
        (scored / "predictions.jsonl").write_text((scored / "predictions.jsonl").read_text().replace("1.0", "0.0"))
    FORGERIES[forgery](record)
    path.write_text(json.dumps(record))
    checksums.seal(scored)
    assert command(scored, "--data", frozen.root, "--key", tmp_path / "key.pem", "--create") == 1
    assert "not signed" in capsys.readouterr().err
    assert not signature.path_of(scored).exists()
    assert not (tmp_path / "key.pem").exists()


def test_a_run_that_ends_in_the_future_is_not_signed(tmp_path: Path, scored: Path, frozen: FrozenSet) -> None:
    (scored / "timings.json").write_text('{"finished": "2999-01-01T00:00:00+00:00"}')
    checksums.seal(scored)
    assert command(scored, "--data", frozen.root, "--key", tmp_path / "key.pem", "--create") == 1
