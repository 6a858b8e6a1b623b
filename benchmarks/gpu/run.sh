#!/usr/bin/env bash
# Everything that needs a GPU, in one call, without .NET and without a network: parity of every operation, training
# parity, compute-sanitizer where it is, benchmarks beside PyTorch, an adaptation; one table at the end.
# Usage, in the unpacked bundle: [OUT=folder] [PYTHON=python3] [DEVICE=0] [ADAPT_SECONDS=120] [ITERATIONS=25000] ./run.sh
# Exit codes: 0 all stages passed; 1 a stage failed; 5 no GPU (nothing was measured).
set -u
here=$(cd "$(dirname "$0")" && pwd)
app=$here/app/gpu-machine
out=${OUT:-$here/results}
python=${PYTHON:-python3}
device=${DEVICE:-0}
mkdir -p "$out"
summary=$out/summary.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
statuses=()

# stage NAME SECONDS LOG COMMAND...: runs it within a time, its output in $work/LOG, its verdict in the table.
stage() {
    local name=$1 seconds=$2 log=$3 start code verdict
    shift 3
    echo "== $name"
    start=$SECONDS
    timeout -s INT -k 60 "$seconds" "$@" > "$work/$log" 2>&1
    code=$?
    case $code in
        0) verdict=passed ;;
        124 | 130)
            verdict="stopped after $seconds s"
            # An adaptation keeps what it has reached; anything else is not whole.
            [ "$name" = adaptation ] || failed=1
            ;;
        *) verdict="FAILED ($code)"; failed=1 ;;
    esac
    statuses+=("| $name | $verdict | $((SECONDS - start)) s |")
    { echo "==== $name: $verdict"; cat "$work/$log"; } >> "$out/log.txt"
    tail -n 3 "$work/$log"
}

: > "$out/log.txt"
"$app" doctor --device "cuda:$device" --json "$work/doctor.json" > "$work/doctor.txt" 2>&1
code=$?
tee -a "$out/log.txt" < "$work/doctor.txt"
if [ $code -ne 0 ]; then
    {
        echo "# GPU run: no GPU"
        echo
        echo "Nothing was measured: $(tail -n 1 "$work/doctor.txt")"
    } | tee "$summary"
    exit $code
fi

command -v nvidia-smi > /dev/null && nvidia-smi >> "$out/log.txt" 2>&1
stage "parity with the reference, the cpu backend and the traces" 120 parity.txt "$app" parity cuda "$device"
if command -v compute-sanitizer > /dev/null; then
    for tool in memcheck racecheck; do
        stage "compute-sanitizer $tool" 60 "$tool.txt" compute-sanitizer --tool "$tool" --error-exitcode 9 \
            "$app" parity cuda "$device" operations
    done
else
    statuses+=("| compute-sanitizer | not run: it is not on this machine | |")
fi
stage "benchmarks" 180 benchmarks.txt "$app" benchmarks gpu all --device "$device" --rounds "${ROUNDS:-15}" \
    --python "$python" --out "$out/benchmarks.md"
model=$here/shared/models/cellpose_nuclei_dsb/nuclei_dsb
if [ -f "$model" ] && [ -n "$(ls "$here/images")" ]; then
    # Stopped by the clock, it keeps what it reached.
    stage "adaptation" "${ADAPT_SECONDS:-120}" adaptation.txt "$app" adapt --model "$model" --images "$here/images" \
        --out "$work/adapted" --device "cuda:$device" --iterations "${ITERATIONS:-25000}" --batch-size 8 --crop 224 \
        --learning-rate 1e-4 --warmup 500 --eval-every 250 --stop both
    for file in summary.json run.jsonl report.html; do
        [ -f "$work/adapted/$file" ] && cp "$work/adapted/$file" "$out/adaptation-$file"
    done
else
    statuses+=("| adaptation | not run: the bundle has no model or no images | |")
fi

{
    echo "# GPU run, $(date -u '+%Y-%m-%d %H:%M') UTC"
    echo
    echo "| stage | verdict | took |"
    echo "|---|---|---:|"
    printf '%s\n' "${statuses[@]}"
    echo
    grep '^|\|^parity\|: holds\|: FAILED\|: not run\|^loss' "$work/parity.txt"
    echo
    [ -f "$out/benchmarks.md" ] && cat "$out/benchmarks.md"
    [ -f "$out/adaptation-summary.json" ] && echo && echo '```' && cat "$out/adaptation-summary.json" && echo '```'
} > "$summary"
cat "$summary"
exit $failed
