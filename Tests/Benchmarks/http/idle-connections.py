#!/usr/bin/env python3
"""Memory of idle keep-alive connections: idle-connections.py ECHO_SERVER [CONNECTIONS]

Starts the server, sends one request over each connection, keeps them all open and prints the server's resident memory before and after.
"""

import re
import resource
import socket
import subprocess
import sys

server, wanted = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
count = min(wanted, hard - 100)
process = subprocess.Popen([server, "idle-ms=600000"], stdout=subprocess.PIPE, text=True)
port = int(process.stdout.readline().rsplit(":", 1)[1])


def resident():
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1]) / 1024


before = resident()
connections = []
for number in range(count):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"GET /v1/jobs/7 HTTP/1.1\r\nHost: a\r\n\r\n")
    connections.append(connection)
for connection in connections:
    assert connection.recv(4096).startswith(b"HTTP/1.1 200"), "not served"
after = resident()
print(f"{count} idle connections (limit of descriptors {hard}): {before:.1f} MB before, {after:.1f} MB after, "
      f"{(after - before) * 1024 / count:.2f} KB each")
connections[0].sendall(b"GET /v1/jobs/8 HTTP/1.1\r\nHost: a\r\n\r\n")
assert b'"id":"8"' in connections[0].recv(4096), "the first is served no more"
process.terminate()
assert process.wait(30) == 0, "the server did not end with 0"
