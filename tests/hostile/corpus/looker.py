"""Searches everywhere for the answers and reports on stderr all that it can see and do; the test asserts each line."""

import ctypes
import hashlib
import itertools
import json
import os
import re
import socket
import stat
import sys
from pathlib import Path

from honest import loop, predictions

# Cut in two, so that this file is no find: an article id, an original name, a field and the name of the answers file
SIGNS = re.compile("|".join(["arti" + "cle-test-", "orig" + "inal-step", '"pos' + 'itions"', "answers" + r"\.jsonl"]))
SKIPPED = ("/proc", "/sys", "/dev")
HOST = os.path.isdir("/library")  # in the process sandbox, these folders are the host's: gigabytes, and not ours
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", sys.prefix, sys.base_prefix) if HOST else ()
ROOTS = ["/"]
MAX_BYTES = 2**20  # of a file are searched


def attempt(action):
    """Return the result of an action, or the name of the error that stops it."""
    try:
        return action()
    except OSError as error:
        return type(error).__name__


def connect(*address):
    with socket.socket() as client:
        client.settimeout(2)
        client.connect(address)
    return "connected"


def write(folder):
    path = Path(folder) / "note"
    path.write_text("note")
    path.unlink()
    return "written"


def text(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def folders_below(skipped):
    """Yield (folder, names of its files) below every starting point of the search."""
    for root in ROOTS:
        for folder, folders, names in os.walk(root):
            folders[:] = [n for n in folders if not os.path.join(folder, n).startswith((*skipped, *SYSTEM))]
            yield folder, names


def files():
    for folder, names in folders_below(SKIPPED):
        for path in (os.path.join(folder, name) for name in names):
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def process_texts():
    for number in range(1, 2**16):
        if os.path.exists(f"/proc/{number}"):
            for part in ("cmdline", "environ", "mountinfo", "maps", "status"):
                yield f"/proc/{number}/{part}", text(f"/proc/{number}/{part}")


def signs():
    """Where anything readable shows an answer, an article, a step's index or an original name."""
    read = ((path, text(path)) for path in files())
    everywhere = itertools.chain(read, process_texts(), [("environment", str(os.environ))])
    return sorted({where for where, content in everywhere if SIGNS.search(content) or SIGNS.search(where)})


def writable():
    """Folders of the whole tree that take a file."""
    folders = {os.path.realpath(folder) for folder, _ in folders_below(("/proc", "/sys"))}
    return sorted(folder for folder in folders if attempt(lambda folder=folder: write(folder)) == "written")


def look(_request):
    status = dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines() if ":\t" in line)
    report = {
        "uids": os.getresuid(),
        "gids": [*os.getresgid(), *os.getgroups()],
        "become_root": attempt(lambda: os.setuid(0)),
        "capabilities": [status.get(f"Cap{kind}", "0" * 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")],
        "no_new_privileges": status.get("NoNewPrivs", "not told"),
        "interfaces": attempt(lambda: [name for _, name in socket.if_nameindex()]),
        "connect": attempt(lambda: connect("1.1.1.1", 53)),
        "resolve": attempt(lambda: socket.getaddrinfo("example.org", 80)),
        "raw_mount": ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "writable": writable(),
        "engine_socket": [p for p in ("/var/run/docker.sock", "/run/docker.sock") if os.path.exists(p)],
        "processes": sorted({path.split("/")[2] for path, content in process_texts() if content}),
        "environment": sorted(os.environ),
        "signs": signs(),
    }
    print("REPORT", json.dumps(report, default=str), file=sys.stderr, flush=True)


def watch(request):
    """Report /exchange while a batch is asked, and whether a picture's original (content) name is anywhere."""
    pairs = request["params"]["pairs"]
    folder = os.path.dirname(pairs[0]["first"]["image"])
    slots = []
    for name in sorted(os.listdir(folder)):
        s = os.stat(os.path.join(folder, name))
        slots.append([name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_nlink])
    shown = {step["image"]: text_bytes(step["image"]) for p in pairs for step in (p["first"], p["second"])}
    names = {hashlib.sha256(content).hexdigest() for content in shown.values()}
    mounts = text("/proc/self/mountinfo")
    told = [n for n in names if n in mounts or n in str(os.environ) or n in json.dumps(request)]
    batch = {
        "asked": [[p["id"], p["first"]["image"], p["second"]["image"]] for p in pairs],
        "sizes": {path: len(content) for path, content in shown.items()},
        "slots": slots,
        "names_told": told,
        "write_exchange": attempt(lambda: write(folder)),
        "change_picture": attempt(lambda: os.truncate(pairs[0]["first"]["image"], 0)),
    }
    print("BATCH", json.dumps(batch), file=sys.stderr, flush=True)
    return {"predictions": predictions(request)}


def text_bytes(path):
    with open(path, "rb") as stream:
        return stream.read()


if __name__ == "__main__":
    loop(look, watch)
