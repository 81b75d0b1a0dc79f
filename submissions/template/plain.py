"""The interface without the serve loop, for any language: JSON-RPC, one message per line, standard library only."""

import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "initialize":
        # params: protocol, modality, seed, max_batch
        result = {"name": "template", "batch": min(64, request["params"]["max_batch"])}
    else:
        # a pair: {"id", "title", "first": {"headline", "image"}, "second": {...}}; headline or image may be missing,
        # as the modality says
        answers = [{"id": pair["id"], "p_in_order": 0.5} for pair in request["params"]["pairs"]]
        result = {"predictions": answers}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\n")
    sys.stdout.flush()  # write messages to standard error; its last lines are kept with the result
