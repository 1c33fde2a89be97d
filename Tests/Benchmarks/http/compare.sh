#!/usr/bin/env bash
# Compares the HTTP room with nginx and with a small Hummingbird application, in the same run: each server pinned to one core, wrk to the
# other. Prints requests per second, p99 and processor time per request, and the shares of nginx.
#
#   compare.sh [rounds [seconds]]       medians of so many rounds (3) of so many seconds (5)
#
# nginx and wrk are installed where they are absent and apt-get can; a server that cannot be had is skipped. Results mean nothing while
# other work runs on the machine; the shares of processor time suffer least.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
rounds=${1:-3}
seconds=${2:-5}
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

for tool in nginx wrk; do
    command -v "$tool" >/dev/null || (apt-get update && apt-get install -y --no-install-recommends "$tool") >/dev/null 2>&1 || true
done
command -v wrk >/dev/null || { echo "compare: skipped: wrk is not here and cannot be installed" && exit 0; }
cores=$(nproc)
server_core=0
client_core=$((cores > 1 ? 1 : 0))
# Shells that already run reserve nothing: a server's threads stay on its core, whichever they are.
start() { taskset -c "$server_core" "$@" >/dev/null 2>&1 & pids+=("$!"); }

# Ours. ECHO_SERVER names one that is built already.
echo_server=${ECHO_SERVER:-}
if [[ -z $echo_server ]]; then
    swift build -c release --package-path "$root" --product echo-server >&2
    echo_server=$(swift build -c release --package-path "$root" --show-bin-path)/echo-server
fi
start "$echo_server" port=8380
names=(ours)
ports=(8380)
processes=("${pids[-1]}")

if command -v nginx >/dev/null; then
    sed "s|@WORK@|$work|g" "$here/nginx.conf" >"$work/nginx.conf"
    # In one process: no worker to look for.
    start nginx -c "$work/nginx.conf" -p "$work"
    names+=(nginx)
    ports+=(8381)
    processes+=("${pids[-1]}")
else
    echo "compare: nginx skipped: it is not here and cannot be installed"
fi

# HUMMINGBIRD names one that is built already, or is "none".
hummingbird=${HUMMINGBIRD:-}
if [[ -z $hummingbird ]] && swift build -c release --package-path "$here/hummingbird-app" >&2; then
    hummingbird=$(swift build -c release --package-path "$here/hummingbird-app" --show-bin-path)/App
fi
if [[ -x $hummingbird ]]; then
    start "$hummingbird" 8382
    names+=(hummingbird)
    ports+=(8382)
    processes+=("${pids[-1]}")
else
    echo "compare: Hummingbird skipped: it does not build here, or is not wanted"
fi

for port in "${ports[@]}"; do
    for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/v1/jobs/7" >/dev/null && break || sleep 0.2; done
    curl -sf "http://127.0.0.1:$port/v1/jobs/7" >/dev/null || { echo "compare: nobody answers at port $port" && exit 1; }
done

# One measurement: requests per second, p99 in ms, microseconds of the server's processor time per request, failures.
measure() {
    local process=$1 url=$2 before after output
    shift 2
    before=$(awk '{ print $14 + $15 }' "/proc/$process/stat")
    output=$(taskset -c "$client_core" wrk -t1 -c32 -d"${seconds}s" --latency "$@" "$url")
    after=$(awk '{ print $14 + $15 }' "/proc/$process/stat")
    awk -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
        function milliseconds(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text * 1000 }
        $1 == "99%" { p99 = milliseconds($2) }
        /requests in/ { count = $1 }
        /Requests\/sec/ { rate = $2 }
        /Non-2xx/ { failed = $NF }
        /Socket errors/ { failed += $4 + $6 + $8 + $10 }
        END { print rate, p99, ticks / hertz * 1e6 / count, failed + 0 }' <<<"$output"
}

for round in $(seq "$rounds"); do
    for index in "${!names[@]}"; do
        base=http://127.0.0.1:${ports[$index]}
        echo "${names[$index]} get $(measure "${processes[$index]}" "$base/v1/jobs/7")"
        echo "${names[$index]} post $(measure "${processes[$index]}" "$base/form" -s "$here/form.lua")"
    done >>"$work/results"
done
echo "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg), $cores cores, $rounds rounds of $seconds s"
"$here/shares.py" "$work/results"
