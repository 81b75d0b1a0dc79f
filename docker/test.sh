#!/bin/sh
# `make test`: run every test that this machine can run, and print one line for each kind that it cannot.
#   sh docker/test.sh .venv/bin [PYTEST ARGUMENT...]
#
# With WIKIORDER_REQUIRE_ENGINE=1, a missing container engine or browser is a failure.
set -eu

bin=$1
shift

without=
lacks() { # MARKER REASON
    if [ "${WIKIORDER_REQUIRE_ENGINE:-}" = 1 ]; then
        echo "test: $2, and WIKIORDER_REQUIRE_ENGINE=1 asks for it" >&2
        exit 1
    fi
    echo "test: $2: the tests marked '$1' are left out"
    without="$without and not $1"
}

if docker version >/dev/null 2>&1; then
    PYTHON=$bin/python sh docker/harness.sh
else
    lacks docker "no container engine answers ('sh docker/engine.sh' starts one)"
fi
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v google-chrome >/dev/null || lacks browser "neither chromium nor google-chrome is installed"
if ! "$bin/python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    echo "test: torch finds no GPU: the tests marked 'gpu' are left out"
    without="$without and not gpu"
fi
# Containers and browsers wait more than they compute, so that one worker more than cores keeps all of them busy.
exec "$bin/python" -m pytest --numprocesses $(($(nproc) + 1)) --dist loadfile --no-loadscope-reorder -m "${without# and }" "$@"
