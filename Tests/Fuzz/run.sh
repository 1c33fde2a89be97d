#!/usr/bin/env bash
# Fuzzes the parsers of the HTTP room: run.sh [parser|multipart|all] [seconds | options of libFuzzer]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${FUZZ_BUILD:-$root/.build/fuzz}
target=${1:-all}
shift || true
options=("$@")
if [[ ${#options[@]} -eq 0 ]]; then options=(30); fi
if [[ ${options[0]} =~ ^[0-9]+$ ]]; then options=("-max_total_time=${options[0]}" "${options[@]:1}"); fi

# libFuzzer's runtime is no part of every toolchain.
if ! find "$(dirname "$(readlink -f "$(command -v swiftc)")")/.." -name 'libclang_rt.fuzzer*' 2>/dev/null | grep -q .; then
    echo "fuzz: skipped: this toolchain has no libFuzzer runtime (libclang_rt.fuzzer)"
    exit 0
fi

sources=(
    "$root"/Sources/HTTP/Parsing/*.swift
    "$root"/Sources/HTTP/Messages/{HeaderFields,JSONText,MediaType,Method,Problem,Response,Status}.swift
    "$root"/Sources/HTTP/Multipart/{ByteSearch,ExtendedValue,MultipartHead,MultipartParser}.swift
    "$root"/Sources/HTTP/Server/Configuration.swift
    "$root"/Tests/HTTPTests/ParserOutcome.swift
    "$root"/Tests/Fuzz/{HTTPServer,Targets}.swift
)

fuzz() {
    local name=$1 folder=$build/$1
    shift
    mkdir -p "$folder/corpus"
    # The parsers and the targets are one module of the room's name, so that both see what is internal. Traps of debug builds stay in.
    swiftc -swift-version 6 -O -wmo -parse-as-library -module-name HTTP -suppress-warnings -sanitize=fuzzer,address -use-ld=lld \
        -D "FUZZ_${name^^}" -I "$root/Sources/CLinux" -o "$folder/fuzz" "${sources[@]}"
    "$root/Tests/Fuzz/seeds.py" "$name" "$folder/corpus"
    echo "fuzz: $name, in $folder"
    (cd "$folder" && ./fuzz corpus -dict="$root/Tests/Fuzz/http.dict" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -verbosity=0 "$@" 2>&1 | sed '/Recommended dictionary/,/End of recommended/d')
}

case $target in
all) for name in parser multipart; do fuzz "$name" "${options[@]}"; done ;;
parser | multipart) fuzz "$target" "${options[@]}" ;;
*) echo "usage: run.sh [parser|multipart|all] [seconds | options of libFuzzer]" >&2 && exit 64 ;;
esac
