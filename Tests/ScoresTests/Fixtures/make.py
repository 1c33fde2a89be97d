"""Makes the small image pairs and the scores that other people's code gives them.

    pip install numpy scipy scikit-image scikit-learn torch torchmetrics
    python make.py

Writes, beside itself, raw 8-bit images (*.u8, row by row) and expected.json. Nothing here shares code with the Swift scores: SSIM,
PSNR and entropy are scikit-image's, mutual information scikit-learn's, VIF and SCC torchmetrics' (SCC, which torchmetrics computes
in single precision, once more by scipy.ndimage in double), correlation scipy's; Q^AB/F with its companions, SF and AG are numpy
from the papers' formulas.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import convolve, uniform_filter
from scipy.signal import convolve2d
from scipy.stats import pearsonr
from skimage.measure import shannon_entropy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.metrics import mutual_info_score
from torchmetrics.functional.image import spatial_correlation_coefficient, visual_information_fidelity

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent


def pair(width, height, seed):
    """A soft-tissue-like and a bone-like image on black, and a fusion that also invents edges."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    u, v = (x - width / 2) / (width / 2), (y - height / 2) / (height / 2)
    radius = np.hypot(u / 0.85, v / 0.9)
    head = radius < 1
    soft = 90 + 50 * np.sin(7 * u + 3 * v) * np.cos(5 * v) + 40 * (np.hypot(u - 0.3, v + 0.2) < 0.2)
    first = np.where(head, soft + random.normal(0, 6, soft.shape), 0)
    bone = np.where(np.abs(radius - 0.9) < 0.1, 235, 40 + 25 * u * v)
    second = np.where(head, bone + random.normal(0, 3, soft.shape), 0)
    byte = lambda image: np.clip(np.rint(image), 0, 255).astype(np.uint8)
    first, second = byte(first), byte(second)
    fused = 1.15 * (0.6 * first + 0.4 * second) + np.where(head, random.normal(0, 8, soft.shape), 0)
    return first, second, byte(fused)


def vif(source, fused):
    if min(source.shape) < 41 or source.min() == source.max():
        return None
    tensor = lambda image: torch.tensor(image, dtype=torch.float64)[None, None]
    return float(visual_information_fidelity(tensor(fused), tensor(source)))


def scc(source, fused):
    if min(source.shape) < 8:
        return None
    laplacian = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    # A window of 8 reaches 4 before and 3 behind, as an even window does in scipy.
    mean = lambda image: uniform_filter(image, 8, mode="constant")
    x, y = (2 * convolve(image, laplacian, mode="reflect") for image in (source, fused))
    variances = [np.maximum(mean(image**2) - mean(image) ** 2, 0) for image in (x, y)]
    scale = np.sqrt(variances[0]) * np.sqrt(variances[1])
    flat = scale < 1e-6
    result = np.where(flat, 0, (mean(x * y) - mean(x) * mean(y)) / np.where(flat, 1, scale)).mean()
    tensor = lambda image: torch.tensor(image, dtype=torch.float32)[None, None]
    assert abs(result - float(spatial_correlation_coefficient(tensor(fused), tensor(source)))) < 2e-5
    return float(result)


def correlation(x, y):
    return None if x.min() == x.max() or y.min() == y.max() else float(pearsonr(x.ravel(), y.ravel())[0])


def edges(image):
    """As in the MATLAB code of the literature: conv2 turns the kernels round, which fixes the sign of the orientation."""
    across = convolve2d(image, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], mode="same")
    down = convolve2d(image, [[1, 2, 1], [0, 0, 0], [-1, -2, -1]], mode="same")
    with np.errstate(all="ignore"):
        return np.hypot(across, down), np.where(across == 0, np.pi / 2, np.arctan(down / across))


def edge_preservation(first, second, fused):
    def preserved(source):
        (g, angle), (gf, anglef) = edges(source), edges(fused)
        with np.errstate(all="ignore"):
            strength = np.where(g == gf, gf, np.minimum(g, gf) / np.maximum(g, gf))
        orientation = 1 - np.abs(angle - anglef) / (np.pi / 2)
        return 0.9994 / (1 + np.exp(-15 * (strength - 0.5))) * 0.9879 / (1 + np.exp(-22 * (orientation - 0.8)))

    a, b, f = edges(first)[0], edges(second)[0], edges(fused)[0]
    qa, qb = preserved(first), preserved(second)
    weight = (a + b).sum()
    invented = (f > a) & (f > b)
    deficit = (1 - qa) * a + (1 - qb) * b
    kept = {"first": (qa * a).sum() / a.sum(), "second": (qb * b).sum() / b.sum(), "combined": (qa * a + qb * b).sum() / weight}
    return kept, deficit[~invented].sum() / weight, deficit[invented].sum() / weight


def scores(first, second, fused):
    each = lambda score: {"first": score(first), "second": score(second)}
    window = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    level = lambda image: np.rint(image).astype(int).ravel()
    kept, lost, invented = edge_preservation(first, second, fused)
    psnr = each(lambda s: peak_signal_noise_ratio(s, fused, data_range=255))
    psnr["combined"] = 10 * np.log10(255**2 / (((first - fused) ** 2).mean() + ((second - fused) ** 2).mean()) * 2)
    down, across = np.gradient(fused)
    return {
        "ssim": each(lambda s: structural_similarity(s, fused, **window) if min(s.shape) >= 11 else None),
        "ssim_uniform7": each(lambda s: structural_similarity(s, fused, data_range=2) if min(s.shape) >= 7 else None),
        "mi": each(lambda s: mutual_info_score(level(s), level(fused))),
        "vif": each(lambda s: vif(s, fused)),
        "qabf": kept,
        "psnr": psnr,
        "scc": each(lambda s: scc(s, fused)),
        "scd": {"first": correlation(fused - second, first), "second": correlation(fused - first, second)},
        "correlation": each(lambda s: correlation(s, fused)),
        "fused": {
            "labf": lost,
            "nabf": invented,
            "entropy": float(shannon_entropy(level(fused))),
            "standard_deviation": fused.std(),
            "spatial_frequency": np.sqrt((np.diff(fused, axis=0) ** 2).mean() + (np.diff(fused, axis=1) ** 2).mean()),
            "average_gradient": np.sqrt((across**2 + down**2) / 2).mean(),
        },
    }


cases = []
for width, height, seed in ((96, 80, 1), (61, 67, 2), (41, 43, 3), (16, 16, 4), (9, 7, 5)):
    name = f"{width}x{height}"
    images = pair(width, height, seed)
    for role, image in zip(("first", "second", "fused"), images):
        (HERE / f"{name}-{role}.u8").write_bytes(image.tobytes())
    first, second, fused = (image.astype(np.float64) for image in images)
    # The mean is left unrounded: values between the grey levels are legitimate.
    for rule, result in (("stored", fused), ("maximum", np.maximum(first, second)), ("mean", (first + second) / 2)):
        cases.append({"images": name, "width": width, "height": height, "rule": rule, "expected": scores(first, second, result)})
(HERE / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")
