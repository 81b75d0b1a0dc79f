"""A predictor's vectors: read from its replies, kept through kills, added up into the bundle."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
from array import array
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec import UNSET

from harness.commands.analyze import analyze
from harness.contract import bundle, protocol
from harness.contract.result import EmbeddingGap
from harness.errors import InputError, SubmissionError
from harness.run import vectors
from harness.run.vectors import VectorFile
from tests import bundles
from tests.predictors import submission
from tests.sets import tiny_set

# Pictures along the first axis; texts along the second, but for a part that depends on the title.
BODY = """
import base64, struct
def pack(*numbers): return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
for pair, entry in zip(pairs, answer):
    apart = hashlib.sha256(pair["title"].encode()).digest()[0] / 255
    entry["embeddings"] = {"first": pack(2, 0, 0), "second": pack(1, 0, 0), "text": pack(0, 1, apart)}
"""


def declaring(folder: Path, body: str) -> Path:
    """A predictor that declares embeddings."""
    subject = submission(folder, body)
    script = subject / "predict.py"
    script.write_text(script.read_text().replace('{"name": "test",', '{"name": "test", "embeddings": True,'))
    return subject


def evaluate(
    subject: Path, data: Path, results: Path, modality: str = "vision+text", replay: Path | None = None
) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "harness", "evaluate", str(subject), "--data", str(data), "--results", str(results)]
    words += ["--modality", modality, "--sandbox", "process", "--variants", "4"]
    words += ["--replay", str(replay)] if replay else []
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def where(results: Path) -> Path:
    return results / "test/tiny-1.0-test/vision_text"


def reply(*entries: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 3, "result": {"predictions": list(entries)}}).encode()


def coded(*numbers: float) -> str:
    return base64.b64encode(array("f", numbers).tobytes()).decode()


def test_vectors_come_in_the_order_asked() -> None:
    one = {"id": "a", "p_in_order": 1, "embeddings": {"first": coded(1, 2), "second": coded(3, 4), "text": coded(5, 6)}}
    two = {"id": "b", "p_in_order": 1, "embeddings": {"first": coded(7, 8), "second": coded(9, 1), "text": coded(2, 3)}}
    sent = protocol.read_reply(reply(two, one), 3, ["a", "b"]).embeddings
    found = vectors.decode([("p1", sent["a"]), ("p2", sent["b"])])
    assert found.tolist() == [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 1], [2, 3]]]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "p1: no `embeddings.first`, though `initialize` declared embeddings"),
        ({"first": "%", "second": "", "text": ""}, "p1: `embeddings.first` is no base64 of float32"),
        ({"first": "AAAA", "second": "", "text": ""}, "p1: `embeddings.first` is no base64 of float32"),
        ({"first": coded(0, 0), "second": "", "text": ""}, r"`embeddings.first` has length 0\.0; send finite numbers"),
        ({"first": coded(1, float("nan")), "second": "", "text": ""}, "has length nan"),
        ({"first": coded(1), "second": coded(1), "text": coded(1, 2)}, r"embeddings of \[1, 2\] numbers"),
    ],
)
def test_a_bad_vector_is_the_submissions_fault(sent: object, words: str) -> None:
    entry = {"id": "a", "p_in_order": 1, "embeddings": sent}
    with pytest.raises(SubmissionError, match=words):
        vectors.decode([("p1", protocol.read_reply(reply(entry), 3, ["a"]).embeddings["a"])])


def test_what_the_journal_does_not_hold_is_cut_off(tmp_path: Path) -> None:
    """Killed between the two files: the batch's vectors lie there, its answers do not."""
    path, batch = tmp_path / "x.vectors", np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    VectorFile(path, 0).append(batch)
    VectorFile(path, 2).append(batch + 100)
    VectorFile(path, 2).append(batch + 200)
    assert path.stat().st_size == 8 + 2 * batch.nbytes
    assert np.fromfile(path, "<f4", offset=8).reshape(4, 3, 4)[2:].tolist() == (batch + 200).tolist()
    with pytest.raises(InputError, match="fewer vectors than the journal answers; begin again with --fresh"):
        VectorFile(path, 5)
    with pytest.raises(SubmissionError, match="embeddings of 5 numbers, after 4 before"):
        VectorFile(path, 2).append(np.ones((1, 3, 5), dtype=np.float32))


def test_a_run_with_vectors_ends_in_their_gap_and_killed_it_ends_in_the_same(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=12, pairs_per_article=4)
    subject = declaring(tmp_path / "s", BODY + "time.sleep(0.05)")
    whole = evaluate(subject, frozen.root, tmp_path / "whole")
    _, said = whole.communicate(timeout=60)
    assert whole.returncode == 0, said
    found = bundle.read(where(tmp_path / "whole"))
    figures = found.result.embeddings
    assert isinstance(figures, EmbeddingGap)
    assert set(figures.categories) == {"Alpha", "Beta"}
    assert figures.all.pairs == 48
    assert figures.all.paired_distance == pytest.approx(2**0.5, abs=1e-6)  # always at right angles
    assert figures.all.centroid_norms.image == 1.0
    sample = vectors.load_sample(found.root) or {}
    images, texts = (np.concatenate(part) for part in zip(*sample.values(), strict=True))
    assert (len(images), len(texts)) == (96, 48)
    gap = float(np.linalg.norm(images.mean(0) - texts.mean(0)))
    assert figures.all.gap == pytest.approx(gap, abs=1e-3)  # the sample is all pairs, in half precision
    assert not list(where(tmp_path / "whole").parent.glob("*.vectors"))

    journal = where(tmp_path / "killed").with_name("vision_text.journal")
    running = evaluate(subject, frozen.root, tmp_path / "killed", replay=found.root)
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 5):
        time.sleep(0.01)
    running.kill()
    running.communicate()
    again = evaluate(subject, frozen.root, tmp_path / "killed")  # the journal holds the run key
    _, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    for name in ("result.json", "embeddings.npz"):
        assert (where(tmp_path / "killed") / name).read_bytes() == (found.root / name).read_bytes()


def test_the_report_draws_the_vectors_that_were_sent(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=12, pairs_per_article=4)
    running = evaluate(declaring(tmp_path / "s", BODY), frozen.root, tmp_path / "results")
    running.communicate(timeout=60)
    assert running.returncode == 0
    root = str(where(tmp_path / "results"))
    CliRunner().invoke(analyze, [root, "--tuned", root, root, "--out", str(tmp_path)], catch_exceptions=False)
    assert (tmp_path / "figures/cloud_0.svg").is_file()
    assert (tmp_path / "figures/cloud_tuned.png").is_file()
    assert "## Modality gap, as geometry" in (tmp_path / "report.md").read_text()
    without = bundles.write(tmp_path / "other", frozen, "plain")
    with pytest.raises(InputError, match="its predictor sent no vectors"):
        CliRunner().invoke(analyze, [root, "--tuned", root, str(without)], catch_exceptions=False)


def test_declared_and_left_out_is_a_failed_run_with_its_reason(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=6)
    running = evaluate(declaring(tmp_path / "s", ""), frozen.root, tmp_path / "results")
    running.communicate(timeout=60)
    assert running.returncode == 1
    result = bundle.read(where(tmp_path / "results")).result
    assert result.failure is not None
    assert "though `initialize` declared embeddings" in result.failure.reason


def test_where_no_pictures_travel_none_are_wanted(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=6)
    running = evaluate(declaring(tmp_path / "s", ""), frozen.root, tmp_path / "results", modality="text")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    found = bundle.read(where(tmp_path / "results").with_name("text"))
    assert found.result.embeddings is UNSET
    assert vectors.load_sample(found.root) is None


def test_an_archive_that_claims_more_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    """A header of a hundred bytes may say that a terabyte follows."""
    header = io.BytesIO()
    claimed = {"descr": "<f2", "fortran_order": False, "shape": (10**9, 3, 300)}
    np.lib.format.write_array_header_1_0(header, claimed)
    names = io.BytesIO()
    np.save(names, np.array(["a"]))
    with ZipFile(tmp_path / "embeddings.npz", "w") as archive:
        archive.writestr("sample.npy", header.getvalue())
        archive.writestr("sample_categories.npy", names.getvalue())
    with pytest.raises(InputError, match="no vectors as"):
        vectors.load_sample(tmp_path)
