# For the scripts beside: what is made once, and judged once. Wants $work, ${tool[@]} and $columns, the figures of evaluate's JSON that
# scores.csv keeps.

mkdir -p "$work"
[ -e "$work/scores.csv" ] || echo "target,method,seed,$(tr ' ' , <<< "$columns")" > "$work/scores.csv"

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
r = json.load(open(sys.argv[1]))
print(",".join(sys.argv[3:] + [format(r[c], ".4f" if isinstance(r[c], float) else "") for c in sys.argv[2].split()]))' \
        "$work/score.json" "$columns" "${@:1:3}" >> "$work/scores.csv"
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

painted() { # target, seed, how many images are painted (0: all), enhancer: strokes, forest, both kinds of maps of the images to adapt to, judged
    once "$1-strokes-$2" paint --labels "$work/$1/adapt" --count "$3" --seed "$2"
    once "$1-painted-$2" strokes --images "$work/$1/adapt" --strokes "$work/$1-strokes-$2" --enhancer "$4" --seed "$2"
    maps "$1" forest "$2"
    maps "$1" enhanced "$2" --enhancer "$4"
}
