#!/usr/bin/env bash
# The paper's table 4 in kind (docs/strokes.md): membranes in electron microscopy, from one fly's nerve cord (Gerhard et al. 2013, the
# checkout of unidesigner/groundtruth-drosophila-vnc) to another's (ISBI 2012). Objects are what membranes enclose. What is there is not made again.
# usage: [TOOL=command] [STEPS=n] [PYTHON=one with Pillow] membranes.sh VNC-FOLDER DATA-FOLDER WORK-FOLDER [SEEDS]
set -euo pipefail
vnc=$1 data=$2 work=$3 seeds=${4:-"0 1 2"} steps=${STEPS:-1000}
read -ra tool <<< "${TOOL:-dotnet run -c Release --no-build --project $(dirname "$0")/../../tools/Adapt --}"
columns="foreground_f1 vi ap50 images"

source "$(dirname "$0")/steps.sh"

[ -e "$work/isbi.done" ] || "${PYTHON:-python3}" - "$vnc" "$data/em_membrane" "$work" << 'P'
import json, os, sys
from PIL import Image
vnc, isbi, work = sys.argv[1:]

def put(folder, name, image, membrane):
    os.makedirs(os.path.join(work, folder), exist_ok=True)
    Image.open(image).save(os.path.join(work, folder, name + "_img.png"))
    Image.open(membrane).point(lambda v: v == 0 and 1).save(os.path.join(work, folder, name + "_masks.png"))

for n in range(0, 20, 2):
    put("source", "vnc_%02d" % n, f"{vnc}/stack1/raw/{n:02d}.tif", f"{vnc}/stack1/membranes/{n:02d}.png")
for r in json.load(open(isbi + "/index.json")):
    folder = "isbi/" + ("adapt" if r["split"] == "train" else "judged")
    put(folder, r["name"], f"{isbi}/{r['name']}_img.png", f"{isbi}/{r['name']}_membrane.png")
open(work + "/isbi.done", "w")
P

for seed in $seeds; do
    plain=(--no-consistency --no-rectification)
    train=(--iterations "$steps" --seed "$seed")
    once "source-net-$seed" pseudo --images "$work/source" --maps "$work/source" "${train[@]}" "${plain[@]}"
    once "enhancer-$seed" enhancer --images "$work/source" "${train[@]}"
    network isbi source-net "$seed" "source-net-$seed"
    painted isbi "$seed" 4 "$work/enhancer-$seed/enhancer.onnx"
    once "isbi-pseudo-$seed" pseudo --images "$work/isbi/adapt" --maps "$work/isbi-painted-$seed" "${train[@]}"
    network isbi pseudo "$seed" "isbi-pseudo-$seed"
    once "isbi-net-$seed" pseudo --images "$work/isbi/adapt" --maps "$work/isbi/adapt" "${train[@]}" "${plain[@]}"
    network isbi target-net "$seed" "isbi-net-$seed"
done
cat "$work/scores.csv"
