#!/usr/bin/env bash
# The paper's tables 2, 7 and 8 in kind (docs/strokes.md): mitochondria in electron microscopy, from smooth sections of one tissue to
# grainy ones of the same and to another animal's. What is there is not made again.
# usage: [TOOL=command] [STEPS=n] [LOSS=bce] mitochondria.sh DATA-FOLDER WORK-FOLDER [SEEDS]
set -euo pipefail
data=$1 work=$2 seeds=${3:-"0 1 2"} steps=${STEPS:-1000} loss=${LOSS:-dice}
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"

source "$(dirname "$0")/../em_data.sh"

mkdir -p "$work"
[ -e "$work/scores.csv" ] || echo "target,method,seed,f1,ap50,images" > "$work/scores.csv"
put_mitochondria source

once() { # name of what it makes, command
    local out=$work/$1
    shift
    [ -e "$out.done" ] && return
    local anew=--force
    [ -e "$out/run.state" ] && anew=--resume
    "${tool[@]}" "$@" --out "$out" $anew >> "$out.log" 2>&1
    touch "$out.done"
}

score() { # target, method, seed, folder of masks
    "${tool[@]}" evaluate --predictions "$work/$4" --labels "$work/$1/judged" --json "$work/score.json" > "$work/score.log"
    python3 -c 'import json, sys
r = json.load(open(sys.argv[4]))
print(",".join(sys.argv[1:4] + ["%.4f" % r["foreground_f1"], "%.4f" % r["ap50"], str(r["images"])]))' "$1" "$2" "$3" "$work/score.json" >> "$work/scores.csv"
}

scored() { # target, method, seed
    grep -qs "^$1,$2,$3," "$work/scores.csv"
}

network() { # target, method, seed, folder of the network
    scored "$1" "$2" "$3" && return
    once "$1-masks-$2-$3" segment --model "$work/$4/foreground.onnx" --images "$work/$1/judged"
    score "$1" "$2" "$3" "$1-masks-$2-$3"
}

maps() { # target, method, seed, further arguments
    scored "$1" "$2" "$3" && return
    once "$1-masks-$2-$3" strokes --images "$work/$1/judged" --forest "$work/$1-painted-$3/strokes.forest" "${@:4}"
    score "$1" "$2" "$3" "$1-masks-$2-$3"
}

for seed in $seeds; do
    plain=(--no-consistency --no-rectification)
    train=(--iterations "$steps" --seed "$seed" --loss "$loss")
    once "source-net-$seed" pseudo --images "$work/source" --maps "$work/source" "${train[@]}" "${plain[@]}"
    once "enhancer-$seed" enhancer --images "$work/source" "${train[@]}"
    enhancer=$work/enhancer-$seed/enhancer.onnx
    for target in grainy vnc; do
        network $target source-net "$seed" "source-net-$seed"
        once "$target-strokes-$seed" paint --labels "$work/$target/adapt" --count 4 --seed "$seed"
        once "$target-painted-$seed" strokes --images "$work/$target/adapt" --strokes "$work/$target-strokes-$seed" \
            --enhancer "$enhancer" --seed "$seed"
        maps $target forest "$seed"
        maps $target enhanced "$seed" --enhancer "$enhancer"
        pseudo=(pseudo --images "$work/$target/adapt" --maps "$work/$target-painted-$seed" "${train[@]}")
        once "$target-pseudo-$seed" "${pseudo[@]}"
        network $target pseudo "$seed" "$target-pseudo-$seed"
        once "$target-pseudo-plain-$seed" "${pseudo[@]}" "${plain[@]}"
        network $target pseudo-plain "$seed" "$target-pseudo-plain-$seed"
        once "$target-forest-$seed" strokes --images "$work/$target/adapt" --forest "$work/$target-painted-$seed/strokes.forest"
        once "$target-source-$seed" segment --model "$work/source-net-$seed/foreground.onnx" --images "$work/$target/adapt"
        for labels in forest source; do
            once "$target-pseudo-$labels-$seed" pseudo --images "$work/$target/adapt" --maps "$work/$target-$labels-$seed" "${train[@]}"
            network $target "pseudo-$labels" "$seed" "$target-pseudo-$labels-$seed"
        done
        once "$target-net-$seed" pseudo --images "$work/$target/adapt" --maps "$work/$target/adapt" "${train[@]}" "${plain[@]}"
        network $target target-net "$seed" "$target-net-$seed"
    done
done
cat "$work/scores.csv"
