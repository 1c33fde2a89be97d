"""`amalgam fuse --guidance 0` by another engine: two PNGs to the fused PNG, from the start of the process.

    fuse.py ENGINE MODEL ONNX_FOLDER MRI OTHER OUTPUT SIDE THREADS

Reads, encodes, walks the model's default number of DDIM steps (η = 0) and writes. It spares what `amalgam fuse` does besides: scores,
padding to any size, colour, 16 bits.
"""

import json
import struct
import sys

import numpy
from peers import ENGINES
from PIL import Image


def description(model: str) -> dict:
    """What a model file says about itself: its header is JSON behind eight bytes of length."""
    with open(model, "rb") as file:
        [length] = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(length))["__metadata__"]["amalgam"])


def alpha_bars(schedule: dict) -> numpy.ndarray:
    """As `reference.alpha_bars`, without PyTorch."""
    [(kind, values)] = schedule["kind"].items()
    steps = schedule["steps"]
    if kind == "linear":
        betas = numpy.linspace(values["start"], values["end"], steps)
    else:
        f = numpy.cos((numpy.arange(steps + 1) / steps + values["offset"]) / (1 + values["offset"]) * numpy.pi / 2) ** 2
        betas = numpy.minimum(1 - f[1:] / f[:-1], values["maximumBeta"])
    return numpy.concatenate([[1], numpy.cumprod(1 - betas)])


def read(path: str) -> numpy.ndarray:
    levels = numpy.asarray(Image.open(path).convert("L"), numpy.float32)
    return (levels / 127.5 - 1)[None, None]


def main() -> None:
    name, model, folder, first, second, output = sys.argv[1:7]
    side, threads = map(int, sys.argv[7:])
    engine = ENGINES[name](model, folder, side, threads)
    mri, other = read(first), read(second)
    said = description(model)
    bars, steps, count = alpha_bars(said["schedule"]), said["schedule"]["steps"], said["defaultSteps"]
    visited = [round(i * steps / count) for i in range(count, 0, -1)]
    background = (mri <= -1) & (other <= -1)
    condition = engine.condition(mri, other)
    x = numpy.random.default_rng(42).standard_normal(mri.shape, numpy.float32)
    for t, s in zip(visited, visited[1:] + [0]):
        origin = numpy.where(background, -1, engine.step(x, mri, other, numpy.array([t]), condition).clip(-1, 1))
        noise = (x - bars[t] ** 0.5 * origin) / (1 - bars[t]) ** 0.5
        x = (bars[s] ** 0.5 * origin + (1 - bars[s]) ** 0.5 * noise).astype(numpy.float32)
    Image.fromarray(((origin[0, 0] + 1) * 127.5).round().astype(numpy.uint8)).save(output)


if __name__ == "__main__":
    main()
