"""Strangers' JSON: what comes through the door can be gone through and written again."""

import json
from pathlib import Path

import pytest

from dataset_builder import spec
from harness.contract import decoding, files, submission
from harness.errors import InputError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'{"a": 1e999}', "1e999 is no JSON number"),
        (b'{"a": ' + b"9" * 400 + b"}", "99999999999999999999… is no JSON number"),
        (b'{"a": "\\ud800"}', "no valid Unicode"),
        (b'{"\\udfff": 1}', "no valid Unicode"),
        (b'{"a": "\xed\xa0\x80"}', "invalid continuation byte"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", "nested more than 64 levels deep"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands twice in one object"),
        (b"[1]", "found a JSON list, wanted an object"),
        (b"", "not valid JSON"),
    ],
)
def test_what_could_not_be_written_again_is_refused_where_it_is_read(text: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        decoding.parse_object(text, "a file")


def test_what_is_odd_but_sound_is_read() -> None:
    text = '\ufeff{"a": 18446744073709551615, "b": "\\ud83d\\ude00", "c": ' + "[" * 63 + "]" * 63 + ', "d": "[[[{{{"}'
    found = decoding.parse_object(text.encode(), "a file")
    assert (found["a"], found["b"], found["d"]) == (2**64 - 1, "😀", "[[[{{{")


def test_an_error_is_one_line_of_bounded_length_whatever_a_stranger_wrote() -> None:
    said = str(InputError("x" * 5000 + "\n\x1b[31m\u202e. Evaluate again."))
    assert len(said) < 1300
    assert said.isprintable()
    assert said.endswith(". Evaluate again.")


def test_a_field_of_another_type_is_refused_and_named(tmp_path: Path) -> None:
    from harness.contract.bundle import ArticleCount

    path = tmp_path / "articles.jsonl"
    for row in (b'{"article":"0123456789abcdef","category":"A","correct":1.0,"asked":1}', b'{"article":1}'):
        path.write_bytes(row)
        with pytest.raises(InputError, match=r"articles.jsonl:1: "):
            list(files.read_records(path, ArticleCount, lambda count: count))


@pytest.mark.parametrize("pair_id", [{"": ""}, ["a"], 7, "a:swapped"])
def test_a_probe_of_no_pair_is_refused(tmp_path: Path, pair_id: object) -> None:
    from harness.contract.bundle import VariantLine, to_variant

    path = tmp_path / "probes.jsonl"
    path.write_text(json.dumps({"pair_id": pair_id, "variant": "swapped", "p_in_order": 0.25}), encoding="utf-8")
    with pytest.raises(InputError, match=r"probes\.jsonl:1: pair_id"):
        list(files.read_records(path, VariantLine, to_variant))


@pytest.mark.parametrize("value", ["[" * 5000, "1" * 5000, '"\\ud800"'])
def test_a_manifest_that_no_parser_survives_is_refused_in_one_line(tmp_path: Path, value: str) -> None:
    (tmp_path / "submission.toml").write_text(f"parameters = {value}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"submission\.toml: not valid TOML"):
        submission.load(tmp_path)
    with pytest.raises(InputError, match=r"spec\.toml: not valid TOML"):
        spec.parse(f"canaries = {value}\n", "spec.toml")
