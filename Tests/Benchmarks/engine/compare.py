#!/usr/bin/env python3
"""Amalgam's engine beside PyTorch, ONNX Runtime and OpenVINO: one Markdown table. compare.sh finds or makes what it needs.

Everybody runs in a process of its own, one after the other, round after round, so that all have the same neighbours; the table has the
medians of all runs, in milliseconds, and how many times as fast as the fastest peer Amalgam is.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from peers import ENGINES, onnx_files

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parents[2] / "Sources/Fusion/Models/mri-ct.safetensors"
OURS = "Amalgam"


def output(*command: object) -> str:
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def script(name: str, *arguments: object) -> str:
    return output(sys.executable, "-B", HERE / name, *arguments)


def export(folder: pathlib.Path, sides: list[int]) -> None:
    missing = [side for side in sides if not all(map(os.path.exists, onnx_files(folder, side)))]
    if missing:
        print(f"compare: exporting the networks for {missing}, a minute each", file=sys.stderr)
        subprocess.run([sys.executable, "-B", HERE / "networks.py", MODEL, folder, *map(str, missing)], check=True, stdout=subprocess.DEVNULL)


class Table:
    """Rows of milliseconds by engine, filled over several rounds."""

    def __init__(self, engines: list[str]):
        self.engines, self.rows = engines, {}

    def add(self, row: str, engine: str, times: list[float]) -> None:
        self.rows.setdefault(row, {}).setdefault(engine, []).extend(times)

    def print(self) -> None:
        print(f"| ms | {' | '.join(self.engines)} | times the fastest peer |")
        print("|---" * (len(self.engines) + 2) + "|")
        for row, found in self.rows.items():
            medians = {engine: statistics.median(times) for engine, times in found.items()}
            peers = [value for engine, value in medians.items() if engine != OURS]
            cells = [f"{medians[engine]:.1f}" if engine in medians else "" for engine in self.engines]
            print(f"| {row} | {' | '.join(cells)} | {min(peers) / medians[OURS]:.2f} |")


def inference(options, table: Table, peers: list[str]) -> None:
    """Condition and step, by size and threads."""
    for side in options.sides:
        for threads in options.threads:
            def row(part):
                return f"{part}, {side}×{side}, {threads} threads" if threads > 1 else f"{part}, {side}×{side}, 1 thread"

            for _ in range(options.rounds):
                bench = [options.amalgam, "bench", "networks", "--size", side, "--threads", threads, "--runs", options.runs, "--json"]
                for timing in json.loads(output(*bench))["timings"]:
                    if timing["name"] in ("condition", "step"):
                        table.add(row(timing["name"]), OURS, [timing["seconds"] * 1e3])
                for peer in peers:
                    times = json.loads(script("peers.py", peer, MODEL, options.work, side, threads, options.runs))
                    for part in ("condition", "step"):
                        table.add(row(part), peer, times[part])


WITHOUT = {f"training step, batch {batch}": " (PyTorch: noise, L1 and SSIM alone)" for batch in (2, 8)}


def training(options, table: Table, peers: list[str]) -> None:
    """A training step of the same networks and losses; and with the trainer's whole objective, which no peer has."""
    if "PyTorch" not in peers:
        return print("compare: training skipped: PyTorch is not here", file=sys.stderr)
    threads = max(options.threads)
    for _ in range(options.rounds):
        report = json.loads(output(options.amalgam, "bench", "training", "--threads", threads, "--runs", options.runs, "--json"))
        for timing in report["timings"]:
            table.add(timing["name"] + WITHOUT.get(timing["name"], ""), OURS, [timing["seconds"] * 1e3])
        for batch in (2, 8):
            times = json.loads(script("training.py", MODEL, batch, threads, options.runs))["step"]
            for row in (f"training step of noise, L1 and SSIM, batch {batch}", f"training step, batch {batch}"):
                table.add(row + WITHOUT.get(row, ""), "PyTorch", times)


def fusing(options, table: Table, peers: list[str]) -> None:
    """From the start of a process to the fused PNG of a 256×256 pair."""
    threads, side, sample = max(options.threads), 256, options.work / "sample"
    output(options.amalgam, "phantom", "--output", sample, "--size", side)
    pair = [sample / "mri.png", sample / "ct.png"]
    rows = ["start to fused PNG, networks alone (--guidance 0)", "start to fused PNG, as `amalgam fuse` does it unasked"]

    def milliseconds(*command: object) -> list[float]:
        start = time.perf_counter()
        output(*command)
        return [(time.perf_counter() - start) * 1e3]

    for _ in range(options.rounds * 3):
        ours = [options.amalgam, "fuse", *pair, "--output", options.work / "ours.png", "--threads", threads]
        table.add(rows[0], OURS, milliseconds(*ours, "--guidance", 0))
        table.add(rows[1], OURS, milliseconds(*ours))
        for peer in peers:
            arguments = [peer, MODEL, options.work, *pair, options.work / "peer.png", side, threads]
            times = milliseconds(sys.executable, "-B", HERE / "fuse.py", *arguments)
            for row in rows:
                table.add(row, peer, times)


PARTS = {"inference": inference, "training": training, "fusing": fusing}


def main() -> None:
    parser = argparse.ArgumentParser(description="Amalgam's engine beside its peers.")
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"what is compared: {', '.join(PARTS)}")
    parser.add_argument("--amalgam", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder of the ONNX files and samples, kept for the next time")
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=5, help="measured calls of each process")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"{part} is not among {', '.join(PARTS)}")
    peers = [name for name, engine in ENGINES.items() if importlib.util.find_spec(engine.needs)]
    for name in ENGINES.keys() - set(peers):
        print(f"compare: {name} skipped: the package {ENGINES[name].needs} is not here", file=sys.stderr)
    if not peers:
        return print("compare: nobody to compare with", file=sys.stderr)
    wanted = (options.sides if "inference" in options.parts else []) + ([256] if "fusing" in options.parts else [])
    if peers != ["PyTorch"]:
        export(options.work, sorted(set(wanted)))
    table = Table([OURS, *peers])
    for part in options.parts:
        PARTS[part](options, table, peers)
    print(f"load of the machine: {' '.join(f'{x:.1f}' for x in os.getloadavg())}, {os.cpu_count()} cores, {options.rounds} rounds\n")
    table.print()


if __name__ == "__main__":
    main()
