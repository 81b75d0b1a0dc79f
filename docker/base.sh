#!/bin/sh
# Make the image wikiorder-base, a small Debian with Python 3, without a container registry.
#
#   sh docker/base.sh                                       from Debian packages, in about half a minute
#   BASE_IMAGE=python:3.11-slim-bookworm sh docker/base.sh  from a registry; from packages if it cannot be pulled
#
# mmdebstrap unpacks the packages of the release from the sources in the host's apt settings, or from MIRROR, and checks
# Debian's signatures. It writes an archive with the same bytes as long as the mirror does not change; the image's label
# org.wikiorder.archive is its SHA-256. To make the same image in a year, set MIRROR to a dated snapshot of the Debian
# archive. The image contains neither apt nor the name of the mirror.
set -eu

say() { echo "base: $*"; }
fail() { echo "base: $*" >&2; exit 1; }

image=${IMAGE:-wikiorder-base}
suite=${SUITE:-bookworm}
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1735689600}" # 2025-01-01: the time written on every file

if [ -n "${BASE_IMAGE:-}" ]; then
    if docker pull --quiet "$BASE_IMAGE" >/dev/null 2>&1 || docker image inspect "$BASE_IMAGE" >/dev/null 2>&1; then
        docker tag "$BASE_IMAGE" "$image"
        say "$image is $BASE_IMAGE"
        exit 0
    fi
    say "cannot pull $BASE_IMAGE: making $image from Debian packages instead"
fi
if [ "${REBUILD:-}" != 1 ] && [ "$(docker image inspect --format '{{index .Config.Labels "org.wikiorder.suite"}}' "$image" 2>/dev/null)" = "$suite" ]; then
    say "$image exists; REBUILD=1 builds it again"
    exit 0
fi

[ "$(id -u)" = 0 ] || fail "making a base image needs root. Run this as root, or name a base that can be pulled: BASE_IMAGE=python:3.11-slim-bookworm"
if ! command -v mmdebstrap >/dev/null; then
    command -v apt-get >/dev/null || fail "mmdebstrap is not installed, and there is no apt-get to install it with. Name a base that can be pulled: BASE_IMAGE=python:3.11-slim-bookworm"
    say "installing mmdebstrap"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap debian-archive-keyring >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
if [ -n "${MIRROR:-}" ]; then
    echo "deb $MIRROR $suite main" >"$work/sources.list"
else # the sources of this host's apt for the same release of Debian; none on another system
    apt-get indextargets --format "\$(ORIGIN) \$(RELEASE) deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Identifier: Packages' 2>/dev/null |
        sed -n "s/^Debian ${suite}[a-z-]* \(deb .* main\)\$/\1/p" | sort -u >"$work/sources.list" || true
fi
[ -s "$work/sources.list" ] && sources=$work/sources.list || sources=

say "making $image: Debian $suite and Python 3"
# shellcheck disable=SC2016,SC2086 # $1 is expanded by mmdebstrap; $sources may be empty
mmdebstrap --quiet --variant=essential --include=python3,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list* "$1"/var/cache/apt "$1"/var/lib/apt "$1"/var/cache/debconf/*-old "$1"/var/log/*' \
    "$suite" "$work/base.tar" $sources || fail "mmdebstrap could not make the base: see above. Another mirror: MIRROR=URL"
archive=$(sha256sum "$work/base.tar" | cut -d ' ' -f 1)
docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8' --change 'CMD ["python3"]' \
    --change "LABEL org.wikiorder.suite=$suite org.wikiorder.archive=$archive" "$work/base.tar" "$image" >/dev/null
say "$image is ready: $(docker image inspect --format '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}'), archive sha256:$archive"
