#!/bin/sh
# `make demo`: evaluate the coin and the baselines on the embedded sample, then build the board. Uses containers if a
# container engine answers.
#   sh docker/demo.sh .venv/bin
set -eu

bin=$1
results=results

if docker version >/dev/null 2>&1; then
    PYTHON=$bin/python sh docker/runtime.sh
else
    echo "demo: no container engine answers, so the process sandbox is used: its results are not isolated, and the board does not rank them"
fi

"$bin/wikiorder" evaluate submissions/coin --sandbox auto --results "$results"
for baseline in clip vit_roberta blip; do
    if [ -d "submissions/$baseline/weights" ]; then
        "$bin/wikiorder" evaluate "submissions/$baseline" --sandbox auto --results "$results"
    elif [ "$baseline" = clip ]; then
        echo "demo: submissions/clip ships no weights; fine-tuning it on the sample"
        sample=$("$bin/wikiorder" dataset sample --path)
        "$bin/wikiorder" finetune submissions/clip --data "$sample" --preset sample --out runs/demo/clip
        "$bin/wikiorder" evaluate submissions/clip --weights runs/demo/clip --sandbox auto --results "$results"
    fi
done
"$bin/wikiorder" leaderboard build --results "$results" --out "$results"
sed -n '/^## As reported/q; /^### By category/q; /^##/p; /^|/p' "$results/LEADERBOARD.md"
echo "demo: open file://$(cd "$results" && pwd)/index.html"
