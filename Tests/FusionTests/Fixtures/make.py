"""Makes parity.safetensors, the expected outputs of a small model of random weights, with the PyTorch reference.

Run in the package's folder, with PyTorch and safetensors installed:

    AMALGAM_PARITY_FOLDER=/tmp/parity swift test --filter ParityTests
    python3 Tests/FusionTests/Fixtures/make.py /tmp/parity

The first command draws weights and inputs from fixed seeds and writes them to the folder; the second computes what comes out.
Needed when the architecture or the way in which weights are drawn changes.
"""

import sys
from pathlib import Path

from safetensors.torch import load_file, save_file

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Reference"))

import reference  # noqa: E402

folder = Path(sys.argv[1])
inputs = load_file(folder / "inputs.safetensors")
outputs = reference.outputs(reference.load(str(folder / "model.safetensors")), inputs)
save_file(inputs | outputs, HERE / "parity.safetensors")
