#!/bin/sh
# Make the image wikiorder-runtime, a base for submissions' images: Python, torch, transformers and harness.serve.
#
#   sh docker/runtime.sh               torch for CPUs, if pip finds that build (docker/torch.sh)
#   TORCH=cuda sh docker/runtime.sh    torch with CUDA: several gigabytes
set -eu

cd "$(dirname "$0")/.."
sh docker/base.sh
torch=$(sh docker/torch.sh)
sh docker/wheelhouse.sh runtime
echo "runtime: building wikiorder-runtime with torch for $torch"
docker build --quiet --network none --file Dockerfile.cuda --target runtime --tag wikiorder-runtime \
    --build-arg BASE_IMAGE=wikiorder-base --build-arg "TORCH=$torch" . >/dev/null
echo "runtime: wikiorder-runtime is ready: $(docker image inspect --format '{{.Size}}' wikiorder-runtime | awk '{printf "%.0f MB", $1 / 1e6}')"
