"""What a bundle says of where it was made: as the kernel, the engine and the driver tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract import bundle, decoding, protocol
from harness.contract.result import Seam, Timings
from harness.errors import InputError, SubmissionError
from harness.run import environment
from harness.run.session import StartedPredictor, Transcript
from harness.sandbox.evidence import ResourceUsage
from tests import bundles, schemas
from tests.sets import tiny_set

USED = ResourceUsage(peak_memory_bytes=1000, cpu_s=1.5, throttled_periods=2, throttled_s=0.25, out_of_memory=0)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("version", "driver"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n", "535.104.05"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54  Release Build\n", "550.54"),
    ],
)
def test_gpus_and_their_driver_are_as_the_driver_tells(tmp_path: Path, version: str, driver: str) -> None:
    write(tmp_path / "version", version)
    for bus, model in (("0000:41:00.0", "NVIDIA H100 80GB HBM3"), ("0000:01:00.0", "NVIDIA A100-SXM4-40GB")):
        write(tmp_path / f"gpus/{bus}/information", f"Model: \t\t {model}\nIRQ:   \t\t 188\n")
    assert environment.graphics(tmp_path) == (driver, ["NVIDIA A100-SXM4-40GB", "NVIDIA H100 80GB HBM3"])


def test_without_a_gpu_none_is_claimed(tmp_path: Path) -> None:
    assert environment.graphics(tmp_path) == (None, [])


def test_what_is_written_of_a_run_fits_the_schema_and_is_under_the_bundles_digest(tmp_path: Path) -> None:
    seam = Seam(at_batch=3, fault="infrastructure", reason="x" * 1000)
    asked = Transcript(starts=[StartedPredictor(0, 0.5, 2.0, USED)], seams=[seam], libraries={"torch": "2.6.0"})
    found = decoding.to_json(environment.describe(asked, "Docker 28"))
    schemas.check(found, "environment")
    assert found["predictors"][0] == {
        "at_batch": 0,
        "wall_s": 2.5,
        "peak_memory_bytes": 1000,
        "cpu_s": 1.5,
        "throttled_periods": 2,
        "throttled_s": 0.25,
        "out_of_memory": 0,
    }
    assert found["said_by_submission"] == {"torch": "2.6.0"}
    assert len(found["seams"][0]["reason"]) == 1000


def test_a_bundle_without_an_environment_is_read_as_before(tmp_path: Path) -> None:
    root = bundles.write(tmp_path / "results", tiny_set(tmp_path / "set"), "old")
    assert bundle.read(root).environment is None


def test_an_environment_that_was_touched_is_named(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set")
    root = bundles.write(tmp_path / "results", frozen, "new")
    found = bundle.read(root)
    here = environment.describe(Transcript(), "none")
    bundle.write(root, found.result, found.articles, found.predictions, [], Timings(), here)
    assert bundle.read(root).environment == here
    (root / bundle.ENVIRONMENT).write_text("{}")
    with pytest.raises(InputError, match=r"environment\.json: altered"):
        bundle.read(root)


def hello(libraries: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":0,"result":{"name":"a","batch":1,"libraries":%s}}' % libraries.encode()


def test_libraries_are_the_predictors_own_word_and_bounded() -> None:
    many = "{" + ",".join(f'"{number}{"x" * 200}":"{"9" * 200}"' for number in range(50)) + "}"
    found = protocol.read_hello(hello(many), 0, 1).libraries
    assert len(found) == protocol.MAX_LIBRARIES
    assert {len(text) for item in found.items() for text in item} == {protocol.QUOTED}
    assert protocol.read_hello(hello('{"torch":"2.6"}'), 0, 1).libraries == {"torch": "2.6"}


@pytest.mark.parametrize("libraries", ["[]", "null", "3", '{"torch":2}'])
def test_libraries_that_are_no_names_and_versions_are_refused(libraries: str) -> None:
    with pytest.raises(SubmissionError, match="send names and versions, or nothing"):
        protocol.read_hello(hello(libraries), 0, 1)
