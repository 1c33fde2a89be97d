"""One training step of the same networks in PyTorch: ‖ε − ε̂‖² + ¼·|x̄_0 − x_0| − 0.07·SSIM, backward, clipping, AdamW.

    training.py MODEL BATCH THREADS RUNS      prints the milliseconds of each step as JSON

What `amalgam bench training` calls "noise, L1 and SSIM" does the same on crops of the same size. SSIM is that of the trainer: uniform 7x7
windows inside the picture, both constants 1 on levels 0...255, summed over both sources.
"""

import json
import sys

import networks
import torch
import torch.nn.functional as F
from peers import milliseconds

CROP = 128


def moments(x, y):
    """E[x], E[y], and the (co)variances of 7x7 windows, about the middle of the range."""
    mean_x, mean_y, xx, yy, xy = (F.avg_pool2d(z, 7, 1) for z in (x, y, x * x, y * y, x * y))
    return mean_x + 128, mean_y + 128, xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y


def similarity(fused, source):
    x, y, variance_x, variance_y, covariance = moments(fused - 128, source - 128)
    return ((2 * x * y + 1) * (2 * covariance + 1) / ((x * x + y * y + 1) * (variance_x + variance_y + 1))).mean()


def main() -> None:
    batch, threads, runs = map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = networks.load(sys.argv[1]).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-4)
    mri, other = (torch.randn(batch, 1, CROP, CROP).clamp(-1, 1) for _ in range(2))
    origin, noise = torch.maximum(mri, other), torch.randn(batch, 1, CROP, CROP)
    timesteps = torch.arange(1, batch + 1) * (len(model.alpha_bars) - 1) // batch
    alpha_bar = model.alpha_bars[timesteps].float()[:, None, None, None]
    levels = [127.5 * source + 127.5 for source in (mri, other)]

    def step():
        noisy = alpha_bar.sqrt() * origin + (1 - alpha_bar).sqrt() * noise
        predicted, refined = model(noisy, mri, other, timesteps)
        shown = 127.5 * refined.clamp(-1, 1) + 127.5
        quality = sum(similarity(shown, source) for source in levels)
        loss = F.mse_loss(predicted, noise) + 0.25 * F.l1_loss(refined, origin) - 0.07 * quality
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()

    print(json.dumps({"step": milliseconds(runs, step)}))


if __name__ == "__main__":
    main()
