#!/usr/bin/env bash
# Source and target, separate and joint adaptation, with every filter (docs/probabilistic.md): mitochondria in electron microscopy, from
# smooth sections of one tissue to grainy ones of the same and to another animal's; cells in phase contrast, from LIVECell to T98G of
# another laboratory. A network that scores.csv in the work folder has a line for is not made again.
# usage: [TOOL=command] [WIDTHS=n,n,...] [STEPS=n] [RATE=x] [JOINT_RATE=x] [SOURCE_STEPS=n] run.sh DATA-FOLDER WORK-FOLDER [SEEDS] [TARGETS]
set -euo pipefail
data=$1 work=$2 seeds=${3:-"0 1 2"} targets=${4:-"grainy vnc t98g"}
steps=${STEPS:-100} rate=${RATE:-1e-5} joint_rate=${JOINT_RATE:-1e-4} source_steps=${SOURCE_STEPS:-500} widths=(--widths "${WIDTHS:-16,32,64}")
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"

source "$(dirname "$0")/../em_data.sh"

mkdir -p "$work"
put_mitochondria mitochondria
put "$data/t98g_phase" "$work/t98g/adapt" "$(names t98g_phase adapt)"
put "$data/t98g_phase" "$work/t98g/judged" "$(names t98g_phase judge)"
mkdir -p "$work/cells"
cp -n "$data"/livecell/annotated/* "$work/cells/"

cell() { # target, network, setting, scheme, filter, rate, seed, arguments
    local key out
    key=$(IFS=,; echo "${*:1:7}")
    out=$work/${key//,/-}
    grep -q "^$key," "$work/scores.csv" && return
    "${tool[@]}" foreground --judge "$work/$1/judged" --seed "$7" --out "$out" --force "${@:8}" > "$out.log" 2>&1
    python3 -c 'import json, sys
r = json.load(open(sys.argv[2] + "/summary.json"))
c = r["consensus"]
print(",".join([sys.argv[1], "%.4f" % r["dice"], "%.4f" % r["soft_dice"], "" if c is None else "%.3f" % c, str(r["judged_images"])]))' \
        "$key" "$out" >> "$work/scores.csv"
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
            begin=(--model "$begun/$name.onnx")
            short=(--iterations "$steps" --ema 0.99 --least-share 0)
            cell "$target" $network source none none - "$seed" "${begin[@]}"
            # What as many steps more on the source's labels alone give, at the joint rate.
            cell "$target" $network longer none none "$joint_rate" "$seed" "${begin[@]}" "${short[@]}" --learning-rate "$joint_rate" --source "$work/$source"
            for scheme in mean-teacher fixmatch; do
                for filter in $filters; do
                    self=(--images "$work/$target/adapt" --scheme $scheme --filter $filter)
                    cell "$target" $network separate $scheme $filter "$rate" "$seed" "${begin[@]}" "${short[@]}" --learning-rate "$rate" "${self[@]}"
                    cell "$target" $network joint $scheme $filter "$joint_rate" "$seed" "${begin[@]}" "${short[@]}" --learning-rate "$joint_rate" \
                        "${self[@]}" --source "$work/$source"
                done
            done
            cell "$target" $network target none none 3e-4 "$seed" --network $network "${widths[@]}" --source "$work/$target/adapt" --iterations "$source_steps"
        done
        cell "$target" probabilistic offline none masking 3e-4 "$seed" --model "$work/$source-probabilistic-$seed/probabilistic.onnx" \
            --images "$work/$target/adapt" --offline --filter masking "${widths[@]}" --iterations "$source_steps"
    done
done
# Mean Dice over the seeds, then soft Dice, and the change from the seed's source network: its mean and deviation.
for score in 8 9; do
    awk -F, -v score=$score 'NR > 1 {
        row = $4 $5 == "nonenone" ? $3 " |" : $4 == "none" ? $3 " | " $5 : $4 ", " $3 " | " $5
        column = $2 ", " $1
        if ($3 == "source") start[column, $7] = $score
        if (!(row in rows)) { rows[row] = ++height; name[height] = row }
        if (!(column in columns)) { columns[column] = ++width; title[width] = column }
        change = $score - start[column, $7]
        n[row, column]++; dice[row, column] += $score; sum[row, column] += change; squares[row, column] += change * change
    }
    END {
        line = "| | filter |"; rule = "|---|---|"
        for (c = 1; c <= width; c++) { line = line " " title[c] " |"; rule = rule "---:|" }
        print line "\n" rule
        for (r = 1; r <= height; r++) {
            line = "| " name[r] " |"
            for (c = 1; c <= width; c++) {
                k = n[name[r], title[c]]
                if (!k) { line = line " |"; continue }
                mean = sum[name[r], title[c]] / k
                spread = k > 1 ? (squares[name[r], title[c]] - k * mean * mean) / (k - 1) : 0
                line = line sprintf(" %.3f", dice[name[r], title[c]] / k)
                line = line (name[r] == "source |" ? " |" : sprintf(" (%+.3f ± %.3f) |", mean, sqrt(spread > 0 ? spread : 0)))
            }
            print line
        }
    }' "$work/scores.csv"
done
