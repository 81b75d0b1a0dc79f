#!/bin/sh
# Download the wheels of the images to build/wheelhouse/, on the host and with the pip settings of the host.
#
#   sh docker/wheelhouse.sh torch-cpu runtime          for wikiorder-runtime
#   sh docker/wheelhouse.sh torch-cuda runtime harness  for wikiorder-harness on a GPU
#
# Each lock in docker/locks has one folder, and every wheel is checked against its hash in the lock. The images are then
# built without a network. A folder that is complete is not downloaded again.
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

for layer in "$@"; do # before anything is downloaded
    if [ ! -f "docker/locks/$layer.txt" ]; then
        echo "wheelhouse: there is no docker/locks/$layer.txt; the layers are: $(cd docker/locks && echo *.txt | sed 's/\.txt//g')" >&2
        exit 2
    fi
done
for layer in tools "$@"; do
    lock=docker/locks/$layer.txt
    folder=$wheelhouse/$layer
    if cmp -s "$lock" "$folder/lock.txt"; then
        echo "wheelhouse: $folder is complete"
        continue
    fi
    echo "wheelhouse: downloading $layer"
    rm -rf "$folder"
    mkdir -p "$folder"
    download ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} || {
        echo "wheelhouse: $layer could not be downloaded by $python -m pip: see above. The hashes in $lock are of the index that it was locked against; '$python docker/lock.py' writes new ones" >&2
        exit 1
    }
    cp "$lock" "$folder/lock.txt" # last: a folder that has it is complete
done
