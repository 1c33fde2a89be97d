#!/usr/bin/env python3
"""Slow clients beside a well-behaved one: slow-clients.py PORT MODE [CONNECTIONS [SECONDS]]

MODE is header (never ends its header), body (drips its body) or read (asks for a picture and hardly reads). While they hold their
connections, one client asks for a status again and again. Prints how it fared; exits 1 where a request of it failed.
"""

import http.client
import socket
import sys
import time

port, mode = int(sys.argv[1]), sys.argv[2]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 500
seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 10

OPENING = {
    "header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ",
    "body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc",
    # Enough answers in a row that no socket buffer takes them all.
    "read": b"GET /picture.png HTTP/1.1\r\nHost: a\r\n\r\n" * 60,
}


def open_slow():
    connection = socket.socket()
    if mode == "read":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    connection.sendall(OPENING[mode])
    connection.setblocking(False)
    return connection


def drip(connection):
    """One byte more, or one byte read; False once the server has closed."""
    try:
        if mode == "read":
            return connection.recv(1) != b""
        connection.send(b"x")
        return True
    except BlockingIOError:
        return True
    except OSError:
        return False


slow = [open_slow() for _ in range(count)]
good = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
latencies, failures, next_drip = [], 0, 0
end = time.monotonic() + seconds
while time.monotonic() < end:
    start = time.monotonic()
    try:
        good.request("GET", "/v1/jobs/7")
        failures += good.getresponse().read()[:8] != b'{"id":"7'
    except OSError:
        failures += 1
        good.close()
    latencies.append((time.monotonic() - start) * 1000)
    if start >= next_drip:
        slow = [connection for connection in slow if drip(connection)]
        next_drip = time.monotonic() + 0.2
    time.sleep(0.002)

latencies.sort()
p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
print(
    f"slow {mode}: {count} slow connections, {len(slow)} still open after {seconds:g} s; "
    f"well-behaved: {len(latencies)} requests, {failures} failed, p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {latencies[-1]:.2f} ms"
)
sys.exit(failures > 0)
