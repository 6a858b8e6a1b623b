#!/usr/bin/env bash
# The paper's table 6 in kind (docs/strokes.md): forests from strokes on nuclei of a known and of another modality, with and
# without the builtin enhancer, beside the network that was trained on the same source. What is there is not made again.
# usage: [TOOL=command] [ENHANCER=file] run.sh DSB2018-FOLDER WORK-FOLDER [SEEDS]
set -euo pipefail
data=$1 work=$2 seeds=${3:-"0 1 2"}
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"

# Every 27th fluorescence image that the enhancer has not seen (it saw every 6th), every 4th purple histology image.
split() { # target, names, folder
    local i=0
    for name in $2; do
        local part=$([ $((i % 3)) -eq 0 ] && echo painted || echo judged)
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

score() { # target, method, seed, masks
    "${tool[@]}" evaluate --predictions "$4" --labels "$work/$1/judged" --json "$work/score.json" > "$work/score.log"
    python3 - "$1" "$2" "$3" "$work/score.json" <<'P' >> "$work/scores.csv"
import json, sys
r = json.load(open(sys.argv[4]))
print(",".join(sys.argv[1:4]) + f",{r['foreground_f1']:.4f},{r['ap50']:.4f},{r['vi']:.4f},{r['images']}")
P
}

mkdir -p "$work"
split fluo "$(names fluo 0 27 1)" fluo
split histology "$(names other 256 4 0)" other
for target in fluo histology; do
    out=$work/$target-source
    if [ ! -e "$out.done" ]; then
        invert=$([ $target = histology ] && echo --invert || true)
        "${tool[@]}" segment --model "$(dirname "$0")/../../models/nuclei_small.onnx" --images "$work/$target/judged" \
            --out "$out" --diameter auto --force $invert
        score $target source-network - "$out"
        touch "$out.done"
    fi
    for seed in $seeds; do
        out=$work/$target-$seed
        [ -e "$out.done" ] && continue
        "${tool[@]}" paint --labels "$work/$target/painted" --out "$out-strokes" --seed "$seed" --force
        "${tool[@]}" strokes --images "$work/$target/painted" --strokes "$out-strokes" --out "$out-learnt" --seed "$seed" --force
        "${tool[@]}" strokes --images "$work/$target/judged" --forest "$out-learnt/strokes.forest" --out "$out-forest" --force
        score $target forest $seed "$out-forest"
        "${tool[@]}" strokes --images "$work/$target/judged" --forest "$out-learnt/strokes.forest" --enhancer "${ENHANCER:-builtin}" \
            --out "$out-enhanced" --force
        score $target enhanced $seed "$out-enhanced"
        touch "$out.done"
    done
done
cat "$work/scores.csv"
