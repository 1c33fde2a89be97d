#!/usr/bin/env bash
# Builds and runs all tests, in release mode: the kernels are two orders of magnitude slower without the optimiser.
# Options are passed on to `swift test`, such as --filter NetworksTests.
set -euo pipefail
cd "$(dirname "$0")/.."

Config/install-dependencies.sh
export AMALGAM_PROCESSOR=${AMALGAM_PROCESSOR:-$(Config/processor.sh)}
[[ -d ../shared/golden ]] || echo "Note: ../shared is absent; tests that need its images and golden scores are skipped."
build=(-c release -Xswiftc -enable-testing --scratch-path .build-tests)
swift build --build-tests "${build[@]}"
run() { swift test --skip-build "${build[@]}" --disable-xctest "$@"; }

if (($#)); then
    run "$@"
else
    # Tests run in parallel inside a process. Those that wait for sockets and threads have a process of their own: beside the arithmetic they
    # would wait for processors instead. So do those that start the program.
    run --skip 'HTTPTests|JobsTests|ServiceTests'
    run --filter 'HTTPTests|JobsTests'
    run --filter ServiceTests
fi
