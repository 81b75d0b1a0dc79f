#!/bin/sh
# Make sure that a container engine is running: if none answers, install Docker and start its daemon.
#
#   sh docker/engine.sh                                   on the default socket
#   ENGINE_HOME=DIR DOCKER_HOST=unix://DIR/docker.sock sh docker/engine.sh   with all files, including images, in DIR
#
# A running engine is not changed. Starting one needs root on Debian or Ubuntu (package docker.io). The engine gets no
# bridge and no firewall rules, because every container and every build of this project runs without a network. If
# gVisor is installed (package runsc), the engine gets it as the runtime runsc, for `wikiorder evaluate --runtime runsc`.
# The script prints the path of the PID file; stop the engine with: kill "$(cat PIDFILE)"
set -eu

say() { echo "engine: $*"; }
fail() { echo "engine: $*" >&2; exit 1; }
answers() { docker version >/dev/null 2>&1; }

home=${ENGINE_HOME:-}
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
seconds=${ENGINE_WAIT:-60}

if answers; then
    say "a container engine answers: $(docker version --format '{{.Server.Version}}'); nothing to start"
    exit 0
fi
[ "$(id -u)" = 0 ] || fail "no engine answers at $socket, and only root can start one. Start Docker yourself, or run this as root."
case $socket in unix://*) ;; *) fail "DOCKER_HOST is $socket, which does not answer; only a unix:// socket can be served from here." ;; esac

if ! command -v dockerd >/dev/null; then
    command -v apt-get >/dev/null || fail "dockerd is not installed, and there is no apt-get to install it with. Install Docker yourself."
    say "installing docker.io"
    apt-get update -qq || fail "apt-get update failed: see above"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io >/dev/null ||
        fail "apt-get could not install docker.io: see above"
fi

run=${home:-/var/run}
pidfile=$run/wikiorder-dockerd.pid
log=${home:-/var/log}/wikiorder-dockerd.log
set -- --host "$socket" --pidfile "$pidfile" --bridge none --iptables=false --ip6tables=false
[ -z "$home" ] || set -- "$@" --data-root "$home/data" --exec-root "$home/exec"
if runsc=$(command -v runsc) && [ ! -e /etc/docker/daemon.json ]; then # where it exists, that file names the runtimes
    # The version of Debian 12 fails to start without a bridge, unless it is told that there is no network.
    echo "{\"runtimes\": {\"runsc\": {\"path\": \"$runsc\", \"runtimeArgs\": [\"--network=none\"]}}}" >"$run/wikiorder-daemon.json"
    set -- "$@" --config-file "$run/wikiorder-daemon.json"
fi
say "starting dockerd (log: $log)"
setsid dockerd "$@" >"$log" 2>&1 </dev/null &
daemon=$!
while ! answers; do
    kill -0 "$daemon" 2>/dev/null || fail "dockerd ended at once: $(grep -E 'failed|level=(error|fatal)' "$log" | tail -n 1). The whole log: $log"
    [ "$seconds" -gt 0 ] || fail "dockerd does not answer at $socket after ${ENGINE_WAIT:-60} s. Its log: $log"
    seconds=$((seconds - 1))
    sleep 1
done
say "answers: $(docker version --format '{{.Server.Version}}'); to stop it: kill \$(cat $pidfile)"
