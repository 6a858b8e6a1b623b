# For the scripts beside: images of shared sets, with their masks, into folders of their own. Wants $data and $work.

put() { # from, to, names
    mkdir -p "$2"
    for name in $3; do cp -n "$1/${name}_img.png" "$1/${name}_masks.png" "$2/"; done
}

names() { # set, split
    python3 -c 'import json, sys
print(" ".join(r["name"] for r in json.load(open(sys.argv[1])) if r["split"] == sys.argv[2]))' "$data/$1/index.json" "$2"
}

vnc() { printf "vnc_%02d " $(seq "$1" 2 19); }

put_mitochondria() { # folder of the source images
    put "$data/em_mito_neuropil" "$work/$1" "$(names em_mito_neuropil source)"
    put "$data/em_mito_neuropil" "$work/grainy/adapt" "$(names em_mito_neuropil adapt)"
    put "$data/em_mito_neuropil" "$work/grainy/judged" "$(names em_mito_neuropil judge)"
    put "$data/em_mito" "$work/vnc/adapt" "$(vnc 0)"
    put "$data/em_mito" "$work/vnc/judged" "$(vnc 1)"
}
