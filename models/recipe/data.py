"""CIFAR-10 from the JPEG npz, and augmentation of whole batches as tensors.

The npz holds `data` (all JPEG files end to end), `offsets` (N+1), `labels` and `is_test`.
Everything is decoded once and kept as one uint8 array, N x 32 x 32 x 3.
"""
import io
import math
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

SIDE = 128  # pixels a side of what the network sees
MEAN = (0.485, 0.456, 0.406)  # ImageNet's, as the weights the training starts from expect
STD = (0.229, 0.224, 0.225)
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

# The ImageNet classes of each of the ten, by their ids: one, or the first and the last of a run. CIFAR-10 has no pickups among
# its trucks and no zebras among its horses.
IMAGENET = {
    "airplane": ["n02690373", "n04552348"],
    "automobile": ["n02814533", "n02930766", "n03100240", "n03594945", "n03670208", "n03770679", "n03777568", "n04037443",
                   "n04285008"],
    "bird": [("n01514668", "n01622779"), ("n01795545", "n01860187"), ("n02002556", "n02058221")],
    "cat": [("n02123045", "n02124075")],
    "deer": [("n02422106", "n02423022")],  # hartebeest, impala, gazelle: the nearest it has
    "dog": [("n02085620", "n02113978")],
    "frog": [("n01641577", "n01644900")],
    "horse": ["n02389026"],
    "ship": ["n02687172", "n02981792", "n03095699", "n03344393", "n03662601", "n03673027", "n03947888", "n04147183",
             "n04273569", "n04483307", "n04612504"],
    "truck": ["n03345487", "n03417042", "n03796401", "n04461696", "n04467665"],
}


def class_of(name):
    """The number of the class, of the ten, that an ImageNet class belongs to; None for any other text."""
    for c, runs in enumerate(map(IMAGENET.get, CLASSES)):
        if any(name == run if isinstance(run, str) else run[0] <= name <= run[1] for run in runs):
            return c
    return None


HELD_OUT = 2000  # training pictures (200 a class) never trained on: calibration and early choices


def decode(npz_dir, cache):
    """The decoded pictures, labels and test flags; decodes on the first call only."""
    cache = Path(cache)
    if not cache.exists():
        from PIL import Image
        z = np.load(Path(npz_dir) / "cifar10-jpeg.npz")
        data, offsets = z["data"], z["offsets"]
        images = np.empty((len(offsets) - 1, 32, 32, 3), np.uint8)
        for i in range(len(images)):
            jpeg = data[offsets[i]:offsets[i + 1]].tobytes()
            images[i] = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))
        part = cache.with_suffix(f".{os.getpid()}.npz")
        np.savez(part, images=images, labels=z["labels"], is_test=z["is_test"])
        os.replace(part, cache)
    z = np.load(cache)
    return z["images"], z["labels"].astype(np.int64), z["is_test"].astype(bool)


def splits(npz_dir, cache):
    """{'train', 'held_out', 'test'} -> (uint8 N x 3 x 32 x 32, int64 N)."""
    images, labels, is_test = decode(npz_dir, cache)
    rng = np.random.default_rng(0)
    train = np.flatnonzero(~is_test)
    held = np.concatenate([rng.permutation(train[labels[train] == c])[:HELD_OUT // 10] for c in range(10)])
    rest = np.setdiff1d(train, held)
    pick = lambda ids: (torch.from_numpy(np.ascontiguousarray(images[ids].transpose(0, 3, 1, 2))),
                        torch.from_numpy(labels[ids]))
    return {"train": pick(rest), "held_out": pick(np.sort(held)), "test": pick(np.flatnonzero(is_test))}


def normalise(x):
    """uint8 or 0..1 float pictures of any size -> the network's input."""
    if x.dtype == torch.uint8:
        x = x.float() / 255
    if x.shape[-1] != SIDE:
        x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    return (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


@torch.no_grad()
def logits(model, x, batch=250):
    """What the network says of uint8 or 0..1 float pictures, a batch at a time."""
    return torch.cat([model(normalise(x[i:i + batch])) for i in range(0, len(x), batch)])


_BLUR = torch.tensor([1., 2., 1.])
_BLUR = (_BLUR[:, None] * _BLUR[None] / 16).expand(3, 1, 3, 3).contiguous()


def _uniform(n, lo, hi, g):
    return torch.rand(n, generator=g) * (hi - lo) + lo


def augment(x, strength, g):
    """uint8 N x 3 x 32 x 32 -> augmented float 0..1.

    Every picture is flipped with probability 1/2. With probability 1 - strength it is only shifted by
    up to 2 whole pixels; otherwise it is also zoomed (mostly out: an object small in its frame and off
    centre), squashed, turned a little, recoloured, and blurred or sharpened, as downscaled photographs are.
    """
    n = len(x)
    x = x.float() / 255
    rich = torch.rand(n, generator=g) < strength

    # geometry, as one affine sampling; theta maps output coordinates to input coordinates
    zoom = torch.where(rich, torch.exp(_uniform(n, -0.30, 0.55, g)), torch.ones(n))
    squash = torch.where(rich, torch.exp(_uniform(n, -0.25, 0.25, g)), torch.ones(n))
    angle = torch.where(rich & (torch.rand(n, generator=g) < 0.5), _uniform(n, -0.26, 0.26, g), torch.zeros(n))
    flip = (torch.rand(n, generator=g) < 0.5).float() * 2 - 1
    sx, sy = zoom * squash.sqrt(), zoom / squash.sqrt()
    cos, sin = torch.cos(angle), torch.sin(angle)
    whole = torch.randint(-2, 3, (n, 2), generator=g) / 16
    free = (torch.rand(n, 2, generator=g) * 2 - 1) * (0.12 + 0.75 * (zoom - 1).abs()).unsqueeze(1)
    shift = torch.where(rich.unsqueeze(1), free, whole)
    theta = torch.stack([
        torch.stack([flip * sx * cos, -flip * sy * sin, shift[:, 0]], 1),
        torch.stack([sx * sin, sy * cos, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    # colour: contrast, brightness, saturation, tint
    r, n = x[rich], int(rich.sum())
    amount = lambda a: (_uniform(n, -a, a, g) * lot).view(n, 1, 1, 1)
    lot = (torch.rand(n, generator=g) < 0.8).float()
    r = r * (1 + amount(0.3)) + amount(0.15)
    mean = r.mean((1, 2, 3), keepdim=True)
    r = mean + (r - mean) * (1 + amount(0.3))
    grey = r.mean(1, keepdim=True)
    colourful = (torch.rand(n, 1, 1, 1, generator=g) > 0.05) * (1 + amount(0.5))
    r = grey + (r - grey) * colourful + _uniform(3 * n, -0.05, 0.05, g).view(n, 3, 1, 1)

    # blur and sharpen: photographs reach 32 x 32 through other kernels than CIFAR-10's did
    a = torch.where(torch.rand(n, generator=g) < 0.5, _uniform(n, -0.9, 0.8, g), torch.zeros(n))
    soft = F.conv2d(F.pad(r, (1, 1, 1, 1), mode="replicate"), _BLUR, groups=3)
    x[rich] = r + a.view(n, 1, 1, 1) * (soft - r)
    return x.clamp_(0, 1)


def place(x, g, side=8):
    """Pictures float N x 3 x 32 x 32, each cut out and set somewhere on a background of another's.

    -> pictures N x 3 x SIDE x SIDE, and how much of each of the side x side patches the object covers, N x side^2.
    What is cut out is a soft ellipse around the middle, where CIFAR-10's objects are; the background is an enlarged
    corner of another picture of the batch, where they seldom are.
    """
    n = len(x)
    scale = torch.exp(_uniform(2 * n, math.log(0.55), 0, g)).view(n, 2).mean(1)
    at = (torch.rand(n, 2, generator=g) * 2 - 1) * (1 - scale).unsqueeze(1)
    line = (torch.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    v, u = torch.meshgrid(line, line, indexing="ij")
    # coordinates in the picture that is placed, -1..1
    placed = (torch.stack([u, v], -1) - at.view(n, 1, 1, 2)) / scale.view(n, 1, 1, 1)
    front = F.grid_sample(x, placed, mode="bicubic", padding_mode="border", align_corners=False)
    radius = _uniform(2 * n, 0.85, 1.1, g).view(n, 1, 1, 2)
    inside = torch.sigmoid((1 - (placed / radius).norm(dim=-1)) * 12)
    crop = _uniform(n, 0.3, 0.5, g)
    corner = (torch.randint(0, 2, (n, 2), generator=g) * 2 - 1) * (1 - crop).unsqueeze(1)
    where = torch.stack([u, v], -1) * crop.view(n, 1, 1, 1) + corner.view(n, 1, 1, 2)
    back = F.grid_sample(x.roll(1, 0), where, mode="bilinear", padding_mode="border", align_corners=False)
    covered = F.adaptive_avg_pool2d(inside.unsqueeze(1), side).flatten(1)
    inside = inside.unsqueeze(1)
    return (front * inside + back * (1 - inside)).clamp_(0, 1), covered
