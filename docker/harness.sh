#!/bin/sh
# Make the image wikiorder-harness: all of WikiOrder with the embedded sample. Then this works offline:
#
#   docker run --rm wikiorder-harness evaluate submissions/blip
#
#   sh docker/harness.sh               torch for CPUs, if pip finds that build (docker/torch.sh)
#   TORCH=cuda sh docker/harness.sh    torch with CUDA: several gigabytes; then docker run --gpus all
set -eu

cd "$(dirname "$0")/.."
sh docker/runtime.sh
torch=$(sh docker/torch.sh)
sh docker/wheelhouse.sh harness
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' harness/__init__.py)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
echo "harness: building wikiorder-harness $version with torch for $torch"
docker build --quiet --network none --file Dockerfile.cuda --tag wikiorder-harness \
    --build-arg BASE_IMAGE=wikiorder-base --build-arg "TORCH=$torch" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "SOURCE=${SOURCE:-}" . >/dev/null
echo "harness: wikiorder-harness is ready: $(docker image inspect --format '{{.Size}}' wikiorder-harness | awk '{printf "%.0f MB", $1 / 1e6}')"
