"""Small submissions for tests: a folder with a manifest and a few lines that speak the protocol by hand."""

from __future__ import annotations

from pathlib import Path

LOOP = """\
import hashlib, json, os, sys, time
def reply(request, result):
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
def guess(pair):  # of the content alone: the same in every run
    said = pair["title"] + pair["first"].get("headline", "") + pair["second"].get("headline", "")
    return hashlib.sha256(said.encode()).digest()[0] / 255
asked = 0
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "initialize":
        reply(request, {"name": "test", "batch": min(4, request["params"]["max_batch"])})
        continue
    pairs = request["params"]["pairs"]
    asked += 1
    answer = [{"id": pair["id"], "p_in_order": guess(pair)} for pair in pairs]
BODY
    reply(request, {"predictions": answer})
"""


def submission(folder: Path, body: str = "", name: str = "test", **resources: object) -> Path:
    """A submission whose loop runs `body` before each reply; it may use `answer`, `asked`, `pairs` and `request`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (folder / "predict.py").write_text(LOOP.replace("BODY", lines), encoding="utf-8")
    asks = "".join(f"{key} = {value}\n" for key, value in {"memory_gib": 0.5, **resources}.items())
    (folder / "submission.toml").write_text(
        f'name = "{name}"\nauthors = ["Test"]\nlicence = "MIT"\nmodalities = ["vision+text", "vision", "text"]\n'
        f'command = ["python3", "predict.py"]\n[resources]\n{asks}',
        encoding="utf-8",
    )
    (folder / "Dockerfile").write_text(
        "FROM wikiorder-base\nCOPY . /submission\nWORKDIR /submission\n", encoding="utf-8"
    )
    return folder
