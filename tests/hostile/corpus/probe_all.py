"""Runs every probe of `probes/` in a process of its own, and reports what each of them got hold of.

Several probes would damage a machine on which they succeed, so nothing is run unless this process is confined.
"""

import importlib
import inspect
import json
import os
import pkgutil
import platform
import select
import signal
import sys

import probes
from honest import loop, predictions

SECONDS = 5  # for one probe
NONE = "CapBnd:\t0000000000000000"


def confined():
    with open("/proc/self/status") as stream:
        status = stream.read()
    return os.getuid() != 0 and "NoNewPrivs:\t0" not in status and NONE in status


def attacks():
    """Return the functions of the modules in `probes/`, by name; `calls` holds only what they share."""
    names = [module.name for module in pkgutil.iter_modules(probes.__path__) if module.name != "calls"]
    modules = [importlib.import_module(f"probes.{name}") for name in names]
    return {
        name: function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    }


def outcome(name, attack):
    """Return what a probe got hold of, None for nothing; a probe that is killed got nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(reader)
        try:
            found = attack()
        except Exception as error:
            found = None
            os.write(2, f"{name}: {type(error).__name__} {error}\n".encode())
        os.write(writer, json.dumps(found or None, default=str).encode())
        os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], SECONDS)
    text = os.read(reader, 4096) if ready else b'"no end"'
    os.close(reader)
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        pass
    os.waitpid(child, 0)
    return json.loads(text or b"null")


def probe(request):
    """With the first batch, so that there are pictures."""
    global REPORT
    if REPORT is None:
        runs = confined() and platform.machine() == "x86_64"
        REPORT = {name: outcome(name, attack) if runs else "not run" for name, attack in attacks().items()}
        print("PROBES", json.dumps(REPORT), file=sys.stderr, flush=True)
    return {"predictions": predictions(request)}


REPORT = None
if __name__ == "__main__":
    loop(answer=probe)
