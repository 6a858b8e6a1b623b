#!/usr/bin/env bash
# The paper's tables 2, 7 and 8 in kind (docs/strokes.md): mitochondria in electron microscopy, from smooth sections of one tissue to
# grainy ones of the same and to another animal's. What is there is not made again.
# usage: [TOOL=command] [STEPS=n] [LOSS=bce] mitochondria.sh DATA-FOLDER WORK-FOLDER [SEEDS]
set -euo pipefail
data=$1 work=$2 seeds=${3:-"0 1 2"} steps=${STEPS:-1000} loss=${LOSS:-dice}
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"
columns="foreground_f1 ap50 images"

source "$(dirname "$0")/../em_data.sh"
source "$(dirname "$0")/steps.sh"

put_mitochondria source
for seed in $seeds; do
    plain=(--no-consistency --no-rectification)
    train=(--iterations "$steps" --seed "$seed" --loss "$loss")
    once "source-net-$seed" pseudo --images "$work/source" --maps "$work/source" "${train[@]}" "${plain[@]}"
    once "enhancer-$seed" enhancer --images "$work/source" "${train[@]}"
    once "enhancer-stages-$seed" enhancer --images "$work/source" "${train[@]}" --stages 4
    for target in grainy vnc; do
        network $target source-net "$seed" "source-net-$seed"
        painted $target "$seed" 4 "$work/enhancer-$seed/enhancer.onnx"
        maps $target enhanced-stages "$seed" --enhancer "$work/enhancer-stages-$seed/enhancer.onnx"
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
