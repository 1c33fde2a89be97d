#!/usr/bin/env bash
# What the parts of the method are worth: trains a small model with everything and one without each part, all under one budget, and prints
# a table of their scores on the validation pairs, from the networks alone and with the guidance that the service uses.
#   Tests/Benchmarks/ablation/run.sh DATA OUTPUT [STEPS]
# DATA holds train/ and val/. A run that was broken off goes on from its checkpoints in OUTPUT.
set -euo pipefail
data=$(realpath "$1") output=$2 steps=${3:-400}
mkdir -p "$output"
output=$(realpath "$output")
cd "$(dirname "$0")/../../.."
swift build -c release --product amalgam >&2
amalgam=.build/release/amalgam

printf '| %s steps of batch 2 | guidance | SSIM | MI | VIF | Q^AB/F | PSNR | SCD | N^AB/F |\n|---|---|---|---|---|---|---|---|---|\n' "$steps"
for part in nothing haar cross-attention refinement prior diffusion; do
    run=$output/$part without=()
    [[ $part == nothing ]] || without=(--without "$part")
    # The prior is the same for all: it is searched once.
    [[ $part == nothing || -e $run/prior ]] || { mkdir -p "$run" && cp -r "$output/nothing/prior" "$run/prior"; }
    "$amalgam" train --data "$data/train" --output "$run" --name "$part" --steps "$steps" --batch 2 "${without[@]}" >>"$output/$part.log" 2>&1
    for guidance in 0 40; do
        row=$("$amalgam" evaluate --data "$data/val" --model "$run/model.safetensors" --guidance "$guidance" 2>/dev/null | grep "^| $part |")
        # The name and the mean rank make way for what the row is about; the bold of the best is the evaluation's, not this table's.
        sed -E "s/\*\*//g; s/^\| [^|]* \|/| without $part | $guidance |/; s/ [^|]* \|\$//" <<<"$row"
    done
done
