#!/bin/sh
# Choose the build of torch for the images, download it, and print `cpu` or `cuda`. TORCH names it; if TORCH is not set, it
# is the CPU build, a tenth of the size, or PyPI's build with CUDA if pip finds no CPU build.
# TORCH_INDEX=URL adds PyTorch's index of CPU builds, which is on its install page.
set -eu

torch=${TORCH:-}
if [ -z "$torch" ]; then
    torch=cpu
    if ! sh "$(dirname "$0")/wheelhouse.sh" torch-cpu >&2 2>/dev/null; then
        echo "torch: pip finds no CPU build; the images use PyPI's, which includes CUDA. TORCH_INDEX=URL names an index" >&2
        torch=cuda
    fi
fi
sh "$(dirname "$0")/wheelhouse.sh" "torch-$torch" >&2
echo "$torch"
