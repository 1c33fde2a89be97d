#!/usr/bin/env bash
# Installs what the build and the tests need from Debian or Ubuntu. Safe to run again; uses sudo only where it must.
set -euo pipefail

packages=(libpng-dev zlib1g-dev libsqlite3-dev curl ca-certificates)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done

if ((${#missing[@]})); then
    if [[ $(id -u) -eq 0 ]]; then run=(); else
        command -v sudo >/dev/null || { echo "Missing packages: ${missing[*]}. Install them as root, or install sudo." >&2; exit 1; }
        run=(sudo)
    fi
    "${run[@]}" apt-get update -qq
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    echo "Installed: ${missing[*]}"
fi

if ! command -v swift >/dev/null; then
    echo "Swift 6.1 or later is missing: install the toolchain from https://www.swift.org/install/linux/ and put it on PATH." >&2
    exit 1
fi
