"""Signatures of bundles: they hold for these very bytes and this very key, or say why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.contract import signature
from harness.errors import InputError

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
        main(["sign", "--key", str(tmp_path / "key.pem")])
    assert ended.value.code == 2
    assert "not an unencrypted PEM key; make one with --create" in capsys.readouterr().err
