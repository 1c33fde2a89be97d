#!/usr/bin/env bash
# Prints the level that this machine's processor has of those the kernels are written for: x86-64-v4 (AVX-512) or x86-64-v3 (AVX2, FMA).
set -euo pipefail

flags=$(grep -m1 '^flags' /proc/cpuinfo 2>/dev/null || true)
for feature in avx512f avx512bw avx512cd avx512dq avx512vl; do
    [[ " $flags " == *" $feature "* ]] || { echo x86-64-v3; exit; }
done
echo x86-64-v4
