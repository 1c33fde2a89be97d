#!/usr/bin/env bash
# Builds and runs all tests, in release mode: the kernels are two orders of magnitude slower without the optimiser.
# Options are passed on to `swift test`, such as --filter NetworksTests.
set -euo pipefail
cd "$(dirname "$0")/.."

Config/install-dependencies.sh
[[ -d ../shared/golden ]] || echo "Note: ../shared is absent; tests that need its images and golden scores are skipped."
swift test -c release -Xswiftc -enable-testing --scratch-path .build-tests --disable-xctest "$@"
