#!/bin/sh
# Download what the images install into build/wheelhouse/, on the host, with the host's own pip settings.
#
#   sh docker/wheelhouse.sh torch-cpu runtime          for wikiorder-runtime
#   sh docker/wheelhouse.sh torch-cuda runtime harness  for wikiorder-harness on a GPU
#
# One folder for each lock in docker/locks; every wheel is checked against its hash there. The images are then built
# without any network. Whatever is in the folder already is not downloaded again.
set -eu

python=${PYTHON:-python3}
wheelhouse=build/wheelhouse

cd "$(dirname "$0")/.."
platforms=--platform=manylinux2014_x86_64
for minor in $(seq 5 36); do platforms="$platforms --platform=manylinux_2_${minor}_x86_64"; done

download() { # [OPTION...]
    # shellcheck disable=SC2086 # one word for each platform
    "$python" -m pip download -qq --retries 2 --require-hashes --no-deps --requirement "$lock" --dest "$folder" \
        --only-binary :all: --python-version 3.11 --implementation cp $platforms "$@"
}

for layer in tools "$@"; do
    lock=docker/locks/$layer.txt
    folder=$wheelhouse/$layer
    if [ ! -f "$lock" ]; then
        echo "wheelhouse: there is no $lock; the layers are: $(cd docker/locks && echo *.txt | sed 's/\.txt//g')" >&2
        exit 2
    fi
    if cmp -s "$lock" "$folder/lock.txt"; then
        echo "wheelhouse: $folder is complete"
        continue
    fi
    echo "wheelhouse: downloading $layer"
    rm -rf "$folder"
    mkdir -p "$folder"
    download ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} || {
        echo "wheelhouse: $layer could not be downloaded by $python -m pip: see above. The hashes in $lock are those of the index it was locked against; '$python docker/lock.py' locks anew" >&2
        exit 1
    }
    cp "$lock" "$folder/lock.txt" # last: a folder that has it is complete
done
