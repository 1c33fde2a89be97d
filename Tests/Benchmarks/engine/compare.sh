#!/usr/bin/env bash
# Compares the engine with PyTorch, ONNX Runtime and OpenVINO on the shipped weights, in turn within one run: condition and step, training
# step, process start to fused PNG. Prints one Markdown table.
#
#   compare.sh [inference] [training] [fusing] [--sides 256 512] [--threads 2 1] [--rounds 3] [--runs 5]
#
# AMALGAM names a program that is built already. AMALGAM_PYTHON names an interpreter that has the packages of requirements.txt; without it
# they are installed into a virtual environment of the scratch folder. AMALGAM_BENCHMARKS is that folder (.build/benchmarks). Results mean
# nothing while other work runs on the machine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=${AMALGAM_BENCHMARKS:-$root/.build/benchmarks}
mkdir -p "$work"

program=${AMALGAM:-}
if [[ -z $program ]]; then
    swift build -c release --package-path "$root" --product amalgam >&2
    program=$(swift build -c release --package-path "$root" --show-bin-path)/amalgam
fi

python=${AMALGAM_PYTHON:-}
if [[ -z $python ]]; then
    python=$work/venv/bin/python3
    if ! { { [[ -x $python ]] || python3 -m venv "$work/venv"; } && "$python" -m pip install -q -r "$here/requirements.txt"; } >&2; then
        echo "compare: skipped: the packages of requirements.txt cannot be installed; name an interpreter that has them in AMALGAM_PYTHON"
        exit 0
    fi
fi
exec "$python" -B "$here/compare.py" --amalgam "$program" --work "$work" "$@"
