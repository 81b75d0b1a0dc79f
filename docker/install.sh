#!/bin/sh
# Install the wheels of one layer, checked by hash and without a network. Runs inside an image build.
#   sh install.sh /wheels/tools /wheels/LAYER           into the environment /opt/wikiorder
#   sh install.sh /wheels/tools /wheels/LAYER FOLDER    into another folder, for PYTHONPATH
set -eu

environment=/opt/wikiorder
python=$environment/bin/python3
folder=${3:-$environment/lib}
time=@${SOURCE_DATE_EPOCH:-0}
[ -x "$python" ] || python3 -m venv --without-pip "$environment"
"$python" "$(echo "$1"/pip-*.whl)/pip" install --quiet --no-index --find-links "$2" --no-deps --require-hashes \
    --requirement "$2/lock.txt" --no-compile --no-cache-dir --root-user-action ignore ${3:+--target "$3"}

# torch contains its own tests and the headers for C++ extensions: an eighth of its size, not needed here.
for package in "$environment"/lib/python3*/site-packages/torch; do
    rm -rf "$package/test" "$package/include" "$package"/bin/test_* "$package"/bin/protoc*
done

# Compile to byte code now, checked by content instead of time: a container with a read-only root cannot store byte code.
# Files of earlier layers have the time $time already.
find "$folder" -name '*.py' -newermt "$time" >/tmp/sources
"$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -i /tmp/sources >/dev/null || true # some files are no valid Python
rm /tmp/sources
find "$environment" "$folder" -newermt "$time" -exec touch --no-dereference --date "$time" {} +
