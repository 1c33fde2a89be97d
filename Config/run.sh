#!/usr/bin/env bash
# Builds Amalgam, draws a sample pair and starts the service. Options are passed on to `amalgam serve`.
set -euo pipefail
cd "$(dirname "$0")/.."

Config/install-dependencies.sh
export AMALGAM_PROCESSOR=${AMALGAM_PROCESSOR:-$(Config/processor.sh)}
swift build -c release --product amalgam
amalgam=$(swift build -c release --show-bin-path)/amalgam
"$amalgam" phantom --output "$PWD/amalgam-data/sample"
exec "$amalgam" serve --sample "$PWD/amalgam-data/sample" "$@"
