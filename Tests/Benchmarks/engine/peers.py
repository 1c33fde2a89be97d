"""The engines that people would pick instead, each behind the same two calls on arrays; a class imports its own engine alone.

    peers.py ENGINE MODEL ONNX_FOLDER SIDE THREADS RUNS       prints the milliseconds of each run as JSON
"""

import json
import pathlib
import sys
import time

import numpy


def onnx_files(folder: str, side: int) -> list[str]:
    """The files of condition and step for pictures of one size."""
    return [str(pathlib.Path(folder) / str(side) / f"{name}.onnx") for name in ("condition", "step")]


class PyTorch:
    """Eager, in inference mode; oneDNN and MKL underneath."""

    needs = "torch"

    def __init__(self, model: str, onnx_folder: str, side: int, threads: int):
        import networks
        import torch

        torch.set_num_threads(threads)
        self.torch, (self.first, self.second) = torch, networks.parts(model)

    def condition(self, mri, other):
        with self.torch.inference_mode():
            return self.first(*map(self.torch.from_numpy, (mri, other)))

    def step(self, x, mri, other, t, condition):
        with self.torch.inference_mode():
            return self.second(*map(self.torch.from_numpy, (x, mri, other, t)), *condition).numpy()


class OnnxRuntime:
    needs = "onnxruntime"

    def __init__(self, model: str, onnx_folder: str, side: int, threads: int):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.first, self.second = (
            onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"]) for file in onnx_files(onnx_folder, side)
        )

    def condition(self, mri, other):
        return self._run(self.first, mri, other)

    def step(self, x, mri, other, t, condition):
        return self._run(self.second, x, mri, other, t, *condition)[0]

    @staticmethod
    def _run(session, *arrays):
        return session.run(None, {given.name: array for given, array in zip(session.get_inputs(), arrays)})


class OpenVINO:
    needs = "openvino"

    def __init__(self, model: str, onnx_folder: str, side: int, threads: int):
        import openvino

        # Single precision, as everybody here; one request at a time, with all threads.
        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        core = openvino.Core()
        self.first, self.second = (core.compile_model(file, "CPU", settings) for file in onnx_files(onnx_folder, side))

    def condition(self, mri, other):
        return self._run(self.first, mri, other)

    def step(self, x, mri, other, t, condition):
        return self._run(self.second, x, mri, other, t, *condition)[0]

    @staticmethod
    def _run(model, *arrays):
        return list(model(list(arrays), share_inputs=True).values())


ENGINES = {"PyTorch": PyTorch, "ONNX Runtime": OnnxRuntime, "OpenVINO": OpenVINO}


def milliseconds(runs: int, body) -> list[float]:
    """The times of so many calls behind one that warms up."""
    body()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main() -> None:
    name, model, folder = sys.argv[1:4]
    side, threads, runs = map(int, sys.argv[4:])
    engine = ENGINES[name](model, folder, side, threads)
    random = numpy.random.default_rng(1)
    x, mri, other = (random.standard_normal((1, 1, side, side), numpy.float32) for _ in range(3))
    t = numpy.array([500])
    condition = engine.condition(mri, other)
    print(
        json.dumps(
            {
                "condition": milliseconds(runs, lambda: engine.condition(mri, other)),
                "step": milliseconds(runs, lambda: engine.step(x, mri, other, t, condition)),
            }
        )
    )


if __name__ == "__main__":
    main()
