#!/bin/sh
# Print which torch the images take, `cpu` or `cuda`, and download it: the one that TORCH names; without a word from
# TORCH the CPU build, a tenth of the size, or PyPI's, which brings CUDA, where pip finds no CPU build.
# TORCH_INDEX=URL lets pip look in PyTorch's index of CPU builds as well (its install page names it).
set -eu

torch=${TORCH:-}
if [ -z "$torch" ]; then
    torch=cpu
    if ! sh "$(dirname "$0")/wheelhouse.sh" torch-cpu >&2 2>/dev/null; then
        echo "torch: pip finds no CPU build, so the images take PyPI's, which brings CUDA; TORCH_INDEX=URL names an index" >&2
        torch=cuda
    fi
fi
sh "$(dirname "$0")/wheelhouse.sh" "torch-$torch" >&2
echo "$torch"
