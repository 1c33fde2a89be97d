#!/usr/bin/env python3
"""The resident set of `amalgam serve`: idle with its models loaded, while it fuses, and afterwards; read from /proc.

    memory.py AMALGAM [SIDE [JOBS]]

Starts a service of its own, posts so many jobs (4) of SIDE × SIDE pixels (512) one after the other, and watches. Exits 1 where it is over
150 MB idle, or over 300 MB while it fuses 512×512.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

program = os.path.abspath(sys.argv[1])
side = int(sys.argv[2]) if len(sys.argv) > 2 else 512
jobs = int(sys.argv[3]) if len(sys.argv) > 3 else 4
IDLE_LIMIT, FUSING_LIMIT, LIMITED_SIDE = 150, 300, 512


def resident(process: int) -> float:
    """Megabytes."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([program, "phantom", "--output", f"{folder}/sample", "--size", str(side)], check=True, stdout=subprocess.DEVNULL)
    service = subprocess.Popen(
        [program, "serve", "--port", "0", "--data", f"{folder}/data"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        base = service.stdout.readline().split()[-1]
        time.sleep(1)
        idle, highest, done = resident(service.pid), 0.0, threading.Event()

        def watch():
            global highest
            while not done.wait(0.002):
                highest = max(highest, resident(service.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        for seed in range(jobs):
            form = ["-F", f"mri=@{folder}/sample/mri.png", "-F", f"ct=@{folder}/sample/ct.png", "-F", f"seed={seed}"]
            answer = subprocess.check_output(["curl", "-s", "-H", "Prefer: wait=300", *form, f"{base}/v1/fusions"])
            assert json.loads(answer)["state"] == "succeeded", answer
        done.set()
        watcher.join()
        print(f"amalgam serve: {idle:.0f} MB idle, {highest:.0f} MB at most in {jobs} fusions of {side}×{side}, {resident(service.pid):.0f} MB behind them")
    finally:
        service.terminate()
        service.wait()
sys.exit(idle > IDLE_LIMIT or side == LIMITED_SIDE and highest > FUSING_LIMIT)
