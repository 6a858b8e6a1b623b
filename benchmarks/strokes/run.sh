#!/usr/bin/env bash
# The paper's table 6 in kind (docs/strokes.md): forests from strokes on nuclei of a known and of another modality, with and
# without the builtin enhancer, beside the network that was trained on the same source. What is there is not made again.
# usage: [TOOL=command] [ENHANCER=file] run.sh DSB2018-FOLDER WORK-FOLDER [SEEDS]
set -euo pipefail
data=$1 work=$2 seeds=${3:-"0 1 2"}
columns="foreground_f1 ap50 vi images" enhancer=${ENHANCER:-builtin}
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"

source "$(dirname "$0")/steps.sh"

# Every 27th fluorescence image that the enhancer has not seen (it saw every 6th), every 4th purple histology image.
split() { # target, names, folder
    local i=0
    for name in $2; do
        local part=$([ $((i % 3)) -eq 0 ] && echo adapt || echo judged)
        mkdir -p "$work/$1/$part"
        cp -n "$data/$3/${name}_img.png" "$data/$3/${name}_masks.png" "$work/$1/$part/"
        i=$((i + 1))
    done
}

names() { # folder, height or 0 for any, step, offset
    python3 - "$data" "$@" <<'P'
import json, sys
data, folder, height, step, offset = sys.argv[1:]
rows = sorted(r["name"] for r in json.load(open(data + "/index.json")) if r["folder"] == folder and int(height) in (0, r["height"]))
print(" ".join(rows[int(offset)::int(step)]))
P
}

split fluo "$(names fluo 0 27 1)" fluo
split histology "$(names other 256 4 0)" other
for target in fluo histology; do
    if ! scored $target source-network -; then
        invert=$([ $target = histology ] && echo --invert || true)
        once "$target-source" segment --model "$(dirname "$0")/../../models/nuclei_small.onnx" --images "$work/$target/judged" \
            --diameter auto $invert
        score $target source-network - "$target-source"
    fi
    for seed in $seeds; do
        painted $target "$seed" 0 "$enhancer"
    done
done
cat "$work/scores.csv"
