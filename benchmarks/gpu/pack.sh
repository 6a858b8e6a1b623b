#!/usr/bin/env bash
# Makes the bundle for a GPU machine that has neither .NET nor a network: one self-contained folder, run.sh, and the
# model, images and reference values found beside the checkout. Prints its size.
# Usage: benchmarks/gpu/pack.sh [BUNDLE.tar.xz]
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
bundle=${1:-$repository/artifacts/gpu-bundle.tar.xz}
shared=${SHARED:-$repository/../shared}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/gpu-bundle
mkdir -p "$root/app" "$root/shared/models/cellpose_nuclei_dsb" "$root/shared/golden" "$root/images"

dotnet publish "$repository/benchmarks/gpu/SelfAdapt.GpuMachine.csproj" -c Release -r linux-x64 --self-contained \
    -p:PublishReadyToRun=false -o "$root/app" --nologo -v quiet
rm -rf "$root"/app/*.pdb "$root"/app/*.xml "$root"/app/Microsoft.CodeCoverage "$root"/app/libmscord*.so \
    "$root"/app/createdump "$root"/app/libclrgc*.so
# The tests look for reference values in ../shared of the folder that holds this file.
touch "$root/app/SelfAdapt.sln"
cp "$repository/benchmarks/gpu/run.sh" "$root/"
if [ -d "$shared" ]; then
    cp "$shared/models/cellpose_nuclei_dsb/nuclei_dsb" "$root/shared/models/cellpose_nuclei_dsb/"
    mkdir -p "$root/shared/golden/cellpose_run"
    cp "$shared"/golden/cellpose_run/train_* "$shared"/golden/cellpose_run/selfadapt_* \
        "$root/shared/golden/cellpose_run/"
    find "$shared/data/livecell" -maxdepth 2 -name '*.tif' | sort | head -n "${IMAGES:-12}" |
        xargs -r -d '\n' cp -t "$root/images"
fi
chmod -R u+w "$root"

mkdir -p "$(dirname "$bundle")"
tar -C "$work" -c gpu-bundle | xz -T0 "-${XZ_LEVEL:-6}" > "$bundle"
echo "$bundle: $(du -sh "$root" | cut -f1) unpacked, $(stat -c %s "$bundle" | awk '{printf "%.1f MiB", $1 / 1048576}') packed"
