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
    # Tests run in parallel inside a process. Those that wait for sockets have a process of their own, and so have those that wait for jobs
    # and those that start the program: beside others they would wait for processors instead.
    run --skip 'HTTPTests|JobsTests|ServiceTests'
    run --filter HTTPTests
    run --filter JobsTests
    run --filter ServiceTests
fi
