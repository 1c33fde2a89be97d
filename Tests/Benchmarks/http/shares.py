#!/usr/bin/env python3
"""Medians and shares of compare.sh's results: lines of name, load, requests per second, p99 (ms), processor time (us), failures."""

import statistics
import sys

rows = [line.split() for line in open(sys.argv[1])]
names = list(dict.fromkeys(row[0] for row in rows))


def values(name, load, column):
    return [float(row[column]) for row in rows if row[:2] == [name, load]]


print(f"{'':12}{'':6}{'req/s':>10}{'p99 ms':>10}{'cpu us':>10}{'failed':>8}{'share':>8}{'cpu share':>11}{'p99 ratio':>11}")
for load in ["get", "post"]:
    for name in names:
        rate, p99, cpu = (statistics.median(values(name, load, column)) for column in [2, 3, 4])
        line = f"{name:12}{load:6}{rate:10.0f}{p99:10.2f}{cpu:10.2f}{sum(values(name, load, 5)):8.0f}"
        if "nginx" in names:
            # Round by round: both had the same neighbours.
            pairs = [[list(zip(values(name, load, c), values("nginx", load, c)))][0] for c in [2, 3, 4]]
            share = statistics.median(a / b for a, b in pairs[0])
            ratio = statistics.median(a / b for a, b in pairs[1])
            cpu_share = statistics.median(b / a for a, b in pairs[2])
            line += f"{share:8.2f}{cpu_share:11.2f}{ratio:11.2f}"
        print(line)
