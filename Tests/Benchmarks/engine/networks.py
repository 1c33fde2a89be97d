"""The networks of a model file as the peers run them: PyTorch modules in two parts, and ONNX files of these.

What does not depend on t is computed once per pair, as `amalgam` does it: ε_θ's first look at the condition belongs to the condition.
"""

import pathlib
import sys

import torch
from torch import Tensor, nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "FusionTests/Reference"))
from reference import FusionModel, load  # noqa: E402


class Condition(nn.Module):
    """Both sources, (1, 1, H, W) each, to what every step is told about them."""

    def __init__(self, model: FusionModel):
        super().__init__()
        self.encoder = model.condition
        self.mixes = nn.ModuleList(model.noise.part("condition", level) for level in range(model.noise.levels))

    def forward(self, mri: Tensor, other: Tensor) -> list[Tensor]:
        return [mix(features) for mix, features in zip(self.mixes, self.encoder(mri, other))]


class Step(nn.Module):
    """x_t, the sources, the condition and t to the estimate x̄_0."""

    def __init__(self, model: FusionModel):
        super().__init__()
        self.model = model
        for level in range(model.noise.levels):
            model.noise.add_module(f"condition{level}", nn.Identity())

    def forward(self, x: Tensor, mri: Tensor, other: Tensor, timesteps: Tensor, *condition: Tensor) -> Tensor:
        return self.model.estimate(x, mri, other, list(condition), timesteps)[1]


def parts(model_file: str) -> tuple[Condition, Step]:
    """The two parts of a model, ready for inference. The step takes the condition's mixes away: it is made last."""
    model = load(model_file)
    condition = Condition(model).eval()
    return condition, Step(model).eval()


def inputs(side: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random x, MRI, other source, (1, 1, side, side) each, and a timestep."""
    generator = torch.Generator().manual_seed(1)
    return (*(torch.randn(1, 1, side, side, generator=generator) for _ in range(3)), torch.tensor([500]))


@torch.no_grad()
def export(model_file: str, side: int, folder: pathlib.Path) -> None:
    """Writes condition.onnx and step.onnx for pictures of one size, which is what engines optimise best."""
    condition, step = parts(model_file)
    x, mri, other, timesteps = inputs(side)
    features = condition(mri, other)
    for name, module, arguments in [("condition", condition, (mri, other)), ("step", step, (x, mri, other, timesteps, *features))]:
        torch.onnx.export(module, arguments, folder / f"{name}.onnx", dynamo=True, external_data=False, verbose=False)


if __name__ == "__main__":
    # networks.py MODEL FOLDER SIDE...: the ONNX files of each size in a folder of its own.
    for side in map(int, sys.argv[3:]):
        folder = pathlib.Path(sys.argv[2]) / str(side)
        folder.mkdir(parents=True, exist_ok=True)
        export(sys.argv[1], side, folder)
