#!/usr/bin/env python3
"""What becomes of a service that gets many more jobs than it can do.

    overload.py AMALGAM [CLIENTS [SECONDS [CAPACITY [SIZE]]]]

Starts `amalgam serve` with a queue of so many jobs (100) and has so many clients (100) post pairs of SIZE×SIZE pictures (128), one step
each, without a pause for so long (60 s): once patient ones, who wait as long as Retry-After tells them when they are refused, and once
impatient ones, who post again at once; when their time is over, these wait as they were told last and post once more. A client who was
refused sends the same pair again, and one whose pair was accepted at once the next: one of as many phantoms as there are clients, with up
to 2000 characters of text in it, as scanners write them. Meanwhile another process asks for the status of accepted jobs, 100 times a
second.

Prints, for both: how many posts were accepted, and that all of those finished; how many were refused; how many who waited as told were
then accepted (Retry-After was true) or refused again; the latency of the polls; and the most memory that the service had resident.
Exits 1 where an accepted job did not finish, an answer was none of 202 and 503, p99 of the polls reached 100 ms, or less than 95 %
of the waits were worth it.
"""

import asyncio
import json
import multiprocessing
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

program = os.path.abspath(sys.argv[1])
clients, seconds, capacity, size = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((2, 100), (3, 60), (4, 100), (5, 128)))


def get(path):
    with urllib.request.urlopen(base + path) as reply:
        return reply.read()


class Connection:
    """HTTP/1.1 to the service, opened anew where the service has closed it: it does so with an answer that came before the body was read."""

    writer = None

    async def exchange(self, request):
        """Status, header fields by lower-case name, and body."""
        for attempt in range(2):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                self.writer.write(request)
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if attempt:
                    raise
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split()[1]), fields, body

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None


class Load:
    def __init__(self):
        self.accepted, self.refused, self.other, self.kept, self.broken, self.waits = [], 0, [], 0, 0, []

    async def post(self, connection, form):
        """The seconds that the client is told to wait; None where the job was accepted."""
        try:
            status, fields, body = await connection.exchange(form)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            self.other.append(repr(error))
            return 1
        if status == 202:
            self.accepted.append(fields["location"])
            return None
        if status != 503:
            self.other.append(f"{status} {body[:200]}")
            return 1
        self.refused += 1
        self.waits.append(int(fields["retry-after"]))
        return self.waits[-1]

    async def wait_and_return(self, connection, form, wait):
        await asyncio.sleep(wait)
        wait = await self.post(connection, form)
        if wait is None:
            self.kept += 1
        else:
            self.broken += 1
        return wait

    async def client(self, is_patient, end):
        connection, form, wait = Connection(), next_form(), None
        while time.monotonic() < end:
            if wait is None or not is_patient:
                wait = await self.post(connection, form)
            elif time.monotonic() + wait < end:
                wait = await self.wait_and_return(connection, form, wait)
            else:
                break
            if wait is None:
                form = next_form()
        if wait is not None and not is_patient:
            await self.wait_and_return(connection, form, wait)
        connection.close()

    async def run(self, is_patient):
        end = time.monotonic() + seconds
        await asyncio.gather(*(self.client(is_patient, end) for _ in range(clients)))


def poll(stop, results):
    """Asks for the status of jobs, 100 times a second, on one connection; sends the latencies in milliseconds."""
    async def ask():
        connection, latencies, turn, jobs = Connection(), [], 0, []
        start = time.monotonic()
        while not stop.is_set():
            if turn % 100 == 0:
                _, _, body = await connection.exchange(b"GET /v1/jobs?limit=100 HTTP/1.1\r\nHost: a\r\n\r\n")
                jobs = [job["links"]["self"] for job in json.loads(body)["jobs"]] or jobs
            await asyncio.sleep(max(0, start + turn / 100 - time.monotonic()))
            turn += 1
            if jobs:
                request = f"GET {jobs[turn % len(jobs)]} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
                before = time.monotonic()
                status, _, _ = await connection.exchange(request)
                latencies.append((time.monotonic() - before) * 1000)
                assert status == 200, status
        results.send(sorted(latencies))

    asyncio.run(ask())


def memory(field):
    return int(re.search(field + r":\s+(\d+)", open(f"/proc/{service.pid}/status").read())[1]) / 1024


def measure(name, is_patient):
    before = memory("VmRSS")
    stop, (ours, theirs) = multiprocessing.Event(), multiprocessing.Pipe()
    poller = multiprocessing.Process(target=poll, args=(stop, theirs))
    poller.start()
    load = Load()
    asyncio.run(load.run(is_patient))
    stop.set()
    latencies = ours.recv()
    poller.join()
    while json.loads(get("/readyz"))["queued"] + json.loads(get("/readyz"))["running"]:
        time.sleep(0.1)
    finished = sum(json.loads(get(job))["state"] == "succeeded" for job in load.accepted)
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    told = f"told to wait {min(load.waits)} to {max(load.waits)} s" if load.waits else "nobody was told to wait"
    print(f"{clients} {name} clients, {seconds} s, room for {capacity} jobs: {len(load.accepted)} accepted, {finished} finished, "
          f"{load.refused} refused ({told}), {len(load.other)} other answers {load.other[:3]}\n"
          f"  Retry-After: {load.kept} of {load.kept + load.broken} who waited as told were accepted\n"
          f"  polls: {len(latencies)}, p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {latencies[-1]:.2f} ms\n"
          f"  resident memory: {before:.0f} MiB before, {memory('VmHWM'):.0f} MiB at most", flush=True)
    waited = load.kept + load.broken
    return finished == len(load.accepted) and not load.other and p99 < 100 and load.kept >= 0.95 * waited


def phantom(seed):
    """MRI and CT of a head."""
    subprocess.run([program, "phantom", "--output", f"{folder}/sample", "--size", str(size), "--seed", str(seed)], check=True,
                   stdout=subprocess.DEVNULL)
    return [open(f"{folder}/sample/{name}.png", "rb").read() for name in ("mri", "ct")]


def with_text(png):
    """A PNG with a tEXt chunk behind its header."""
    chunk = b"tEXtComment\0" + b"a" * random.randrange(2000)
    return png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


def next_form():
    """A request of a pair that was not sent before."""
    mri, ct = random.choice(heads)
    parts = [(b"mri", with_text(mri)), (b"ct", ct), (b"steps", b"1")]
    body = b"".join(b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % part for part in parts) + b"--x--\r\n"
    return b"POST /v1/fusions HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body), body)


random.seed(1)
folder = tempfile.mkdtemp()
heads = [phantom(seed) for seed in range(1, clients + 1)]
service = subprocess.Popen(
    [program, "serve", "--port", "0", "--data", f"{folder}/data", "--queue-capacity", str(capacity)],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
try:
    port = int(service.stdout.readline().rsplit(":", 1)[1])
    base = f"http://127.0.0.1:{port}"
    isFine = [measure("patient", True), measure("impatient", False)]
finally:
    service.kill()
    service.wait()
    subprocess.run(["rm", "-r", folder])
sys.exit(not all(isFine))
