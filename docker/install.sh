#!/bin/sh
# Inside a build: install one layer's wheels from its hashes, without a network.
#   sh install.sh /wheels/tools /wheels/LAYER           into the environment /opt/wikiorder
#   sh install.sh /wheels/tools /wheels/LAYER FOLDER    into a folder beside it, for PYTHONPATH
set -eu

environment=/opt/wikiorder
python=$environment/bin/python3
folder=${3:-$environment/lib}
time=@${SOURCE_DATE_EPOCH:-0}
[ -x "$python" ] || python3 -m venv --without-pip "$environment"
"$python" "$(echo "$1"/pip-*.whl)/pip" install --quiet --no-index --find-links "$2" --no-deps --require-hashes \
    --requirement "$2/lock.txt" --no-compile --no-cache-dir --root-user-action ignore ${3:+--target "$3"}

# torch brings its own tests and what C++ extensions are built with: an eighth of its size, of no use here.
for package in "$environment"/lib/python3*/site-packages/torch; do
    rm -rf "$package/test" "$package/include" "$package"/bin/test_* "$package"/bin/protoc*
done

# Compiled once, by content and not by time: a read-only root could not keep what Python compiles when it starts.
# Files of earlier layers bear $time already.
find "$folder" -name '*.py' -newermt "$time" >/tmp/sources
"$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -i /tmp/sources >/dev/null || true # some are no valid Python
rm /tmp/sources
find "$environment" "$folder" -newermt "$time" -exec touch --no-dereference --date "$time" {} +
