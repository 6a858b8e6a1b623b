#!/usr/bin/env bash
# Source and target, separate and joint adaptation, with every filter (docs/probabilistic.md): mitochondria in electron microscopy, from
# smooth sections of one tissue to grainy ones of the same and to another animal's; cells in phase contrast, from LIVECell to T98G of
# another laboratory. What is there is not made again; scores.csv grows by a line for each network that was judged.
# usage: [TOOL=command] [WIDTHS=n,n,...] [STEPS=n] [RATE=x] [SOURCE_STEPS=n] run.sh DATA-FOLDER WORK-FOLDER [SEEDS] [TARGETS] [joint]
set -euo pipefail
data=$1 work=$2 seeds=${3:-"0 1 2"} targets=${4:-"grainy vnc t98g"} joint=${5:-}
steps=${STEPS:-150} rate=${RATE:-1e-5} source_steps=${SOURCE_STEPS:-500} widths=(--widths "${WIDTHS:-16,32,64}")
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"

source "$(dirname "$0")/../em_data.sh"

mkdir -p "$work"
put_mitochondria mitochondria
put "$data/t98g_phase" "$work/t98g/adapt" "$(names t98g_phase adapt)"
put "$data/t98g_phase" "$work/t98g/judged" "$(names t98g_phase judge)"
mkdir -p "$work/cells"
cp -n "$data"/livecell/annotated/* "$work/cells/"

cell() { # target, network, setting, scheme, filter, rate, seed, arguments
    local out=$work/$(IFS=-; echo "${*:1:7}")
    [ -e "$out.done" ] && return
    "${tool[@]}" foreground --judge "$work/$1/judged" --seed "$7" --out "$out" --force "${@:8}" > "$out.log" 2>&1
    python3 -c 'import json, sys
r = json.load(open(sys.argv[8] + "/summary.json"))
c = r["consensus"]
print(",".join(sys.argv[1:8] + ["%.4f" % r["dice"], "%.4f" % r["soft_dice"], "" if c is None else "%.3f" % c, str(r["judged_images"])]))' \
        "${@:1:7}" "$out" >> "$work/scores.csv"
    touch "$out.done"
}

[ -e "$work/scores.csv" ] || echo "target,network,setting,scheme,filter,rate,seed,dice,soft_dice,consensus,images" > "$work/scores.csv"
for seed in $seeds; do
    for target in $targets; do
        source=mitochondria
        [ "$target" = t98g ] && source=cells
        for network in probabilistic unet; do
            name=foreground filters="none masking" # of a plain network weighting is masking
            [ $network = probabilistic ] && name=probabilistic filters="none weighting masking"
            begun=$work/$source-$network-$seed
            if [ ! -e "$begun.done" ]; then
                "${tool[@]}" foreground --network $network "${widths[@]}" --source "$work/$source" --iterations "$source_steps" --seed "$seed" \
                    --out "$begun" --force > "$begun.log" 2>&1
                touch "$begun.done"
            fi
            cell "$target" $network source none none - "$seed" --model "$begun/$name.onnx"
            short=(--iterations "$steps" --learning-rate "$rate" --ema 0.99 --images "$work/$target/adapt")
            for scheme in mean-teacher fixmatch; do
                for filter in $filters; do
                    cell "$target" $network separate $scheme $filter "$rate" "$seed" "${short[@]}" --model "$begun/$name.onnx" \
                        --scheme $scheme --filter $filter
                    [ "$joint" = joint ] && cell "$target" $network joint $scheme $filter 3e-4 "$seed" --network $network "${widths[@]}" \
                        --source "$work/$source" --images "$work/$target/adapt" --iterations "$source_steps" --ema 0.99 \
                        --scheme $scheme --filter $filter
                done
            done
            cell "$target" $network target none none 3e-4 "$seed" --network $network "${widths[@]}" --source "$work/$target/adapt" --iterations "$source_steps"
        done
        cell "$target" probabilistic offline none masking 3e-4 "$seed" --model "$work/$source-probabilistic-$seed/probabilistic.onnx" \
            --images "$work/$target/adapt" --offline --filter masking "${widths[@]}" --iterations "$source_steps"
    done
done
cat "$work/scores.csv"
