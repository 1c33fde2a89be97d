#!/usr/bin/env python3
"""How long a job's status takes while the sampler has all processors, and what its pollers cost the sampler.

    status-beside-sampler.py AMALGAM [CLIENTS [SECONDS [WORKERS]]]

Starts `amalgam serve` with so many workers (one for each processor), gives each an endless job, and has so many clients (1000), each on a
connection of its own, ask for the status of a running job once a second. Prints the latencies, and the steps per second that the sampler takes with nobody
asking and with all of them. Exits 1 where p99 reaches 20 ms.
"""

import json
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

program = os.path.abspath(sys.argv[1])
clients = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 20
workers = int(sys.argv[4]) if len(sys.argv) > 4 else os.cpu_count()
LIMIT = 20

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, clients + 100)), hard))


def get(path):
    with urllib.request.urlopen(base + path) as reply:
        return json.load(reply)


def submit():
    form = ["-F", f"mri=@{folder}/sample/mri.png", "-F", f"ct=@{folder}/sample/ct.png", "-F", "sampler=ddpm", "-F", "samples=64"]
    return json.loads(subprocess.check_output(["curl", "-s", *form, f"{base}/v1/fusions"]))["id"]


def pace(jobs, span, while_waiting):
    """Steps a second of these jobs together, over a span of time."""
    def steps():
        return sum(get(f"/v1/jobs/{job}")["progress"]["completed"] for job in jobs)

    before, start = steps(), time.monotonic()
    while_waiting(span)
    return (steps() - before) / (time.monotonic() - start)


def poll(span):
    """Asks from every connection once a second; adds to `latencies` in milliseconds."""
    selector, waiting, turn = selectors.DefaultSelector(), {}, 0
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
    request = f"GET /v1/jobs/{running[0]} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    start = time.monotonic()
    while (now := time.monotonic()) < start + span:
        while start + turn / clients <= now:
            connection = connections[turn % clients]
            if connection not in waiting:
                waiting[connection] = [time.monotonic(), b""]
                connection.sendall(request)
            turn += 1
        for key, _ in selector.select(max(0, start + turn / clients - time.monotonic())):
            answer = waiting[key.fileobj]
            answer[1] += key.fileobj.recv(65536)
            head, end, body = answer[1].partition(b"\r\n\r\n")
            if end and len(body) >= int(re.search(rb"Content-Length: (\d+)", head)[1]):
                assert head.startswith(b"HTTP/1.1 200"), head
                latencies.append((time.monotonic() - answer[0]) * 1000)
                del waiting[key.fileobj]
    for connection in connections:
        connection.close()


folder = tempfile.mkdtemp()
subprocess.run([program, "phantom", "--output", f"{folder}/sample"], check=True, stdout=subprocess.DEVNULL)
service = subprocess.Popen([program, "serve", "--port", "0", "--data", f"{folder}/data", "--workers", str(workers)],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
try:
    port = int(service.stdout.readline().rsplit(":", 1)[1])
    base = f"http://127.0.0.1:{port}"
    running = [submit() for _ in range(workers)]
    while any(get(f"/v1/jobs/{job}")["progress"]["completed"] == 0 for job in running):
        time.sleep(0.1)
    # What is measured is the server: the client goes first where it may.
    try:
        os.nice(-10)
    except PermissionError:
        print("status: without the right to a better priority, the client's own waits count too")
    latencies = []
    alone = pace(running, seconds / 2, time.sleep)
    beside = pace(running, seconds, poll)
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    print(f"status beside {len(running)} jobs on {os.cpu_count()} processors: {len(latencies)} answers to {clients} clients, "
          f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {latencies[-1]:.2f} ms")
    print(f"sampler: {alone:.2f} steps/s with nobody asking, {beside:.2f} beside them ({beside / alone:.2f})")
finally:
    service.kill()
    service.wait()
    subprocess.run(["rm", "-r", folder])
sys.exit(p99 >= LIMIT)
