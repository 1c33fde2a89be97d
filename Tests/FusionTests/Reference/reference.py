"""The networks of Amalgam in PyTorch: the same architecture, the same model files, written to be read.

The Swift engine keeps images channels last, (N, H, W, C); this file and layers.py beside it are in PyTorch's
(N, C, H, W). Every module has the names of the model file, so that a parameter is found under the same path in both. With this folder
on the path it may be imported, to export or train the networks elsewhere:

    model = load("mri-ct.safetensors")
    condition = model.condition(mri, other)                  # once per pair
    noise, refined = model(x, mri, other, timesteps)         # or model.estimate(x, mri, other, condition, timesteps)
    save(model, "trained-elsewhere.safetensors")

Images are (N, 1, H, W) in -1...1, H and W multiples of 16. As a command it computes what the tests of parity compare:

    reference.py MODEL INPUTS.safetensors OUTPUTS.safetensors

INPUTS holds `x` (the noisy image x_t), `mri` and `other`, all (N, H, W, 1), and `timesteps` of N numbers. OUTPUTS receives, channels
last, `condition0`, `condition1`, ... (the merged features of each level), `noise` (the predicted noise) and `refined` (x̄_0).
"""

import json
import math
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from layers import (
    CrossAttention,
    HaarDown,
    HaarTransformerBlock,
    HaarUp,
    ResidualBlock,
    TimestepEmbedding,
    TransformerBlock,
    convolution,
    haar,
    inverse_haar,
    modulate,
)


# Networks


class Numbered(nn.Module):
    """A module whose repeated parts are called name0, name1, ... as in the model file."""

    def add(self, name: str, parts: list[nn.Module]) -> None:
        for index, part in enumerate(parts):
            self.add_module(f"{name}{index}", part)

    def part(self, name: str, index: int) -> nn.Module:
        return self.get_submodule(f"{name}{index}")


class ModalityEncoder(Numbered):
    """One modality's features at every level: a Haar-Transformer block each, Haar transforms between them."""

    def __init__(self, channels: list[int]):
        super().__init__()
        self.levels = len(channels)
        self.stem = convolution(3, 4, channels[0])
        self.add("block", [HaarTransformerBlock(c) for c in channels])
        self.add("down", [HaarDown(a, b) for a, b in zip(channels, channels[1:])])

    def forward(self, source: Tensor) -> list[Tensor]:
        x, features = self.stem(haar(source)), []
        for level in range(self.levels):
            if level > 0:
                x = self.part("down", level - 1)(x)
            x = self.part("block", level)(x)
            features.append(x)
        return features


class ConditionEncoder(Numbered):
    """Both modalities encoded, each attending to the other at every level, merged: a list of (N, C_l, H/2^(l+1), W/2^(l+1))."""

    def __init__(self, channels: list[int]):
        super().__init__()
        self.first = ModalityEncoder(channels)
        self.second = ModalityEncoder(channels)
        self.add("first_to_second", [CrossAttention(c) for c in channels])
        self.add("second_to_first", [CrossAttention(c) for c in channels])
        self.add("merge", [convolution(1, 2 * c, c) for c in channels])

    def forward(self, mri: Tensor, other: Tensor) -> list[Tensor]:
        pairs = zip(self.first(mri), self.second(other))
        return [
            self.part("merge", level)(
                torch.cat([self.part("first_to_second", level)(a, b), self.part("second_to_first", level)(b, a)], dim=1)
            )
            for level, (a, b) in enumerate(pairs)
        ]


class NoiseNetwork(Numbered):
    """ε_θ: a U-Net on the Haar bands of x_t, the condition added at every level."""

    def __init__(self, channels: list[int], embedding: int):
        super().__init__()
        self.levels = len(channels)
        steps = list(zip(channels, channels[1:]))
        self.time = TimestepEmbedding(embedding)
        self.stem = convolution(3, 4, channels[0])
        self.add("condition", [convolution(1, c, c) for c in channels])
        self.add("encoder", [ResidualBlock(c, embedding) for c in channels])
        self.add("down", [HaarDown(a, b) for a, b in steps])
        self.bottom = TransformerBlock(channels[-1])
        self.bottom_block = ResidualBlock(channels[-1], embedding)
        self.add("up", [HaarUp(b, a) for a, b in steps])
        self.add("skip", [convolution(1, 2 * a, a) for a, _ in steps])
        self.add("decoder", [ResidualBlock(a, embedding) for a, _ in steps])
        self.head = convolution(3, channels[0], 4)

    def forward(self, x: Tensor, condition: list[Tensor], timesteps: Tensor) -> Tensor:
        embedding = self.time(timesteps)
        h, kept = self.stem(haar(x)), []
        for level in range(self.levels):
            if level > 0:
                h = self.part("down", level - 1)(h)
            h = h + self.part("condition", level)(condition[level])
            h = self.part("encoder", level)(h, embedding)
            kept.append(h)
        h = self.bottom_block(self.bottom(h), embedding)
        for level in reversed(range(self.levels - 1)):
            h = self.part("skip", level)(torch.cat([self.part("up", level)(h), kept[level]], dim=1))
            h = self.part("decoder", level)(h, embedding)
        return inverse_haar(self.head(h))


class RefinementNetwork(nn.Module):
    """n_θ: what x̃_0 lacks to be x̄_0, given the sources and t; two levels of Transformer blocks.

    Per pixel it decides between the sources (choice), how far to go from x̃_0 to the chosen (keep), and a rest.
    """

    def __init__(self, channels: list[int], embedding: int):
        super().__init__()
        shallow, deep = channels[:2]
        self.time = TimestepEmbedding(embedding)
        self.stem = convolution(3, 12, shallow)
        self.modulation = nn.Linear(embedding, 2 * shallow)
        self.encoder = TransformerBlock(shallow)
        self.down = HaarDown(shallow, deep)
        self.bottom_modulation = nn.Linear(embedding, 2 * deep)
        self.bottom = TransformerBlock(deep)
        self.up = HaarUp(deep, shallow)
        self.decoder = TransformerBlock(shallow)
        self.head = convolution(3, shallow, 12)

    def forward(self, estimate: Tensor, mri: Tensor, other: Tensor, timesteps: Tensor) -> Tensor:
        embedding = self.time(timesteps)
        x = self.stem(haar(torch.cat([estimate, mri, other], dim=1)))
        x = self.encoder(modulate(x, self.modulation(embedding)))
        deep = self.bottom(modulate(self.down(x), self.bottom_modulation(embedding)))
        rest, choice, keep = inverse_haar(self.head(self.decoder(x + self.up(deep)))).split(1, dim=1)
        chosen = other + choice.sigmoid() * (mri - other)
        return estimate + keep.sigmoid() * (chosen - estimate) + rest.tanh()


class FusionModel(nn.Module):
    """Condition encoder, ε_θ and n_θ, described by the JSON object of a model file."""

    def __init__(self, description: dict):
        super().__init__()
        self.description = description
        channels, embedding = description["channels"], description["embedding"]
        self.condition = ConditionEncoder(channels)
        self.noise = NoiseNetwork(channels, embedding)
        self.refinement = RefinementNetwork(channels, embedding)
        self.register_buffer("alpha_bars", alpha_bars(description["schedule"]), persistent=False)

    def estimate(
        self, x: Tensor, mri: Tensor, other: Tensor, condition: list[Tensor], timesteps: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The predicted noise and x̄_0 from x_t. No gradient flows from x̄_0 into ε_θ: x̃_0 is detached."""
        noise = self.noise(x, condition, timesteps)
        alpha_bar = self.alpha_bars[timesteps.long()][:, None, None, None]
        signal, spread = (1 / alpha_bar).sqrt().to(x), ((1 - alpha_bar) / alpha_bar).sqrt().to(x)
        rough = (signal * x - spread * noise).detach().clamp(-1, 1)
        return noise, self.refinement(rough, mri, other, timesteps)

    def forward(self, x: Tensor, mri: Tensor, other: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """`estimate` with the condition computed on the spot."""
        return self.estimate(x, mri, other, self.condition(mri, other), timesteps)


def alpha_bars(schedule: dict) -> Tensor:
    """The products of 1 - β_i for i = 1...t, in double precision; entry 0 is 1."""
    steps = schedule["steps"]
    [(kind, values)] = schedule["kind"].items()
    if kind == "linear":
        betas = torch.linspace(values["start"], values["end"], steps, dtype=torch.float64)
    elif kind == "cosine":
        s = values["offset"]
        f = torch.cos((torch.arange(steps + 1, dtype=torch.float64) / steps + s) / (1 + s) * math.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=values["maximumBeta"])
    else:
        raise ValueError(f"unknown noise schedule {kind}")
    return torch.cat([torch.ones(1, dtype=torch.float64), (1 - betas).cumprod(0)])


# Files


def load(path: str) -> FusionModel:
    """The model of a file, ready for inference. Raises where the file lacks a tensor or holds one too many."""
    with safe_open(path, "pt") as file:
        model = FusionModel(json.loads(file.metadata()["amalgam"]))
        state = model.state_dict()
        # (k, k, in, out) -> (out, in, k, k); depthwise (3, 3, 1, C) -> (C, 1, 3, 3); dense layers and vectors are cases of the same.
        model.load_state_dict(
            {
                name: tensor.permute(3, 2, 0, 1).reshape(state[name].shape) if name in state else tensor
                for name, tensor in ((name, file.get_tensor(name)) for name in file.keys())
            }
        )
    return model.eval()


def save(model: FusionModel, path: str) -> None:
    """Writes a model file that the Swift engine reads."""

    def four_axes(x: Tensor) -> Tensor:
        if x.dim() == 1:
            return x.reshape(1, 1, 1, -1)
        return x.reshape(*x.shape, *[1] * (4 - x.dim())).permute(2, 3, 1, 0)

    tensors = {name: four_axes(tensor.detach()).contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, path, metadata={"amalgam": json.dumps(model.description, sort_keys=True)})


@torch.no_grad()
def outputs(model: FusionModel, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the tests of parity compare, from their inputs; both channels last."""
    x, mri, other = (inputs[name].permute(0, 3, 1, 2) for name in ("x", "mri", "other"))
    timesteps = inputs["timesteps"].flatten().long()
    condition = model.condition(mri, other)
    noise, refined = model.estimate(x, mri, other, condition, timesteps)
    named = {f"condition{level}": features for level, features in enumerate(condition)} | {"noise": noise, "refined": refined}
    return {name: tensor.permute(0, 2, 3, 1).contiguous() for name, tensor in named.items()}


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit("usage: reference.py MODEL INPUTS.safetensors OUTPUTS.safetensors")
    with safe_open(sys.argv[2], "pt") as file:
        inputs = {name: file.get_tensor(name) for name in file.keys()}
    save_file(outputs(load(sys.argv[1]), inputs), sys.argv[3])


if __name__ == "__main__":
    main()
