"""Fixtures for preprocessing. Run: python3 test/golden/preprocess/generate.py

What timm (through torchvision) and HF processors make of a picture, with Pillow for the resampling. torchvision and
transformers are not needed: their evaluation transforms are restated below, rounding for rounding.
Writes pictures (.png), cases.json and tensors.npy (all tensors, one after another) beside this file.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

HERE = Path(__file__).parent
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


# --- torchvision.transforms on PIL images


def resize_shorter(image, size, resample):  # transforms.Resize(int)
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = size, int(size * long / short)
    new_width, new_height = (new_short, new_long) if width <= height else (new_long, new_short)
    return image.resize((new_width, new_height), resample)


def pad_to(image, width, height, fill):
    left = (width - image.width) // 2 if width > image.width else 0
    top = (height - image.height) // 2 if height > image.height else 0
    right = (width - image.width + 1) // 2 if width > image.width else 0
    bottom = (height - image.height + 1) // 2 if height > image.height else 0
    return ImageOps.expand(image, (left, top, right, bottom), fill=fill if image.mode == "RGB" else fill[0])


def center_crop(image, height, width, fill=(0, 0, 0)):  # transforms.CenterCrop; timm's CenterCropOrPad with a fill
    if width > image.width or height > image.height:
        image = pad_to(image, width, height, fill)
    top = int(round((image.height - height) / 2.0))
    left = int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


def to_tensor(image, mean, std):  # transforms.ToTensor, Normalize
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    tensor = torch.from_numpy(array.copy()).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    mean = torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1)
    std = torch.tensor(std, dtype=torch.float32).view(-1, 1, 1)
    return tensor.sub_(mean).div_(std).numpy()


# --- timm.data.transforms.ResizeKeepRatio, without its random parts


def resize_keep_ratio(image, height, width, longest, resample):
    source = image.size[::-1]
    ratios = source[0] / height, source[1] / width
    ratio = max(ratios) * longest + min(ratios) * (1.0 - longest)
    new_height, new_width = [round(side * 1.0 / ratio) for side in source]
    return image.resize((new_width, new_height), resample)


# --- transformers.image_transforms, channels last


def hf_center_crop(array, height, width):
    original_height, original_width = array.shape[:2]
    top, left = (original_height - height) // 2, (original_width - width) // 2
    bottom, right = top + height, left + width
    if top >= 0 and bottom <= original_height and left >= 0 and right <= original_width:
        return array[top:bottom, left:right]
    new_height, new_width = max(height, original_height), max(width, original_width)
    padded = np.zeros((new_height, new_width) + array.shape[2:], array.dtype)
    top_pad, left_pad = math.ceil((new_height - original_height) / 2), math.ceil((new_width - original_width) / 2)
    padded[top_pad : top_pad + original_height, left_pad : left_pad + original_width] = array
    top, bottom, left, right = top + top_pad, bottom + top_pad, left + left_pad, right + left_pad
    return padded[max(0, top) : min(new_height, bottom), max(0, left) : min(new_width, right)]


def hf_normalize(array, rescale, mean, std):
    array = (array.astype(np.float64) * rescale).astype(np.float32)
    array = (array - np.array(mean, np.float32)) / np.array(std, np.float32)
    return array.transpose(2, 0, 1)


IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
CIFAR = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.247, 0.2435, 0.2616]}


def preprocessing(resize, interpolation, crop, statistics, channels=3, rescale=1 / 255):
    return {
        "channels": channels,
        "resize": resize,
        "interpolation": interpolation,
        "crop": crop,
        "rescale": rescale,
        **statistics,
    }


def crop(height, width, fill=(0, 0, 0), **more):
    return {"height": height, "width": width, "fill": list(fill), **more}


def cases():
    """(name, picture, preprocessing, the tensor (C, H, W))"""

    def load(name, mode="RGB"):
        return Image.open(HERE / name).convert(mode)

    for name in ["larger.png", "tall.png", "smaller.png", "grey.png", "one.png"]:
        for interpolation in ["bicubic", "bilinear"]:
            image = resize_shorter(load(name), 36, FILTERS[interpolation])
            yield (
                f"timm centre crop, {interpolation}",
                name,
                preprocessing({"kind": "shorter-side", "size": 36}, interpolation, crop(32, 32), IMAGENET),
                to_tensor(center_crop(image, 32, 32), **IMAGENET),
            )
    # odd differences: halves are rounded to even, the longer side is cut, not rounded
    for size, side in [(37, 32), (33, 32), (35, 32), (39, 32)]:
        image = resize_shorter(load("larger.png"), size, 3)
        yield (
            f"shorter side {size}, crop {side}",
            "larger.png",
            preprocessing({"kind": "shorter-side", "size": size}, "bicubic", crop(side, side), CIFAR),
            to_tensor(center_crop(image, side, side), **CIFAR),
        )
    for size in [21, 28]:
        image = resize_shorter(load("larger.png"), size, 3)
        yield (
            f"crop larger than the picture of {size}: zeros around it",
            "larger.png",
            preprocessing({"kind": "shorter-side", "size": size}, "bicubic", crop(32, 33), IMAGENET),
            to_tensor(center_crop(image, 32, 33), **IMAGENET),
        )
    fill = [round(255 * value) for value in IMAGENET["mean"]]
    yield (
        "timm border",
        "larger.png",
        preprocessing(
            {"kind": "keep-ratio", "height": 33, "width": 33, "longest": 1}, "bicubic", crop(32, 32, fill), IMAGENET
        ),
        to_tensor(center_crop(resize_keep_ratio(load("larger.png"), 33, 33, 1, 3), 32, 32, tuple(fill)), **IMAGENET),
    )
    for name in ["larger.png", "tall.png"]:
        yield (
            "timm, not square",
            name,
            preprocessing({"kind": "keep-ratio", "height": 27, "width": 45, "longest": 0}, "bicubic", crop(24, 40), HALF),
            to_tensor(center_crop(resize_keep_ratio(load(name), 27, 45, 0, 3), 24, 40), **HALF),
        )
    yield (
        "timm squash, lanczos",
        "larger.png",
        preprocessing({"kind": "exact", "height": 36, "width": 36}, "lanczos", crop(32, 32), HALF),
        to_tensor(center_crop(load("larger.png").resize((36, 36), 1), 32, 32), **HALF),
    )
    yield (
        "HF exact size",
        "tall.png",
        preprocessing({"kind": "exact", "height": 32, "width": 32}, "bilinear", None, HALF, rescale=0.00392156862745098),
        hf_normalize(np.asarray(load("tall.png").resize((32, 32), 2)), 0.00392156862745098, **HALF),
    )
    for size in [37, 27]:
        array = np.asarray(resize_shorter(load("larger.png"), size, 3))
        yield (
            f"HF shortest edge {size}, centre crop rounds down",
            "larger.png",
            preprocessing({"kind": "shorter-side", "size": size}, "bicubic", crop(32, 32, rounding="floor"), IMAGENET),
            hf_normalize(hf_center_crop(array, 32, 32), 1 / 255, **IMAGENET),
        )
    for name in ["larger.png", "grey.png"]:
        image = resize_shorter(load(name, "L"), 32, 3)
        yield (
            "grey model",
            name,
            preprocessing(
                {"kind": "shorter-side", "size": 32}, "bicubic", crop(32, 32), {"mean": [0.5], "std": [0.25]}, channels=1
            ),
            to_tensor(center_crop(image, 32, 32), [0.5], [0.25]),
        )
    yield (
        "as it is",
        "smaller.png",
        preprocessing({"kind": "none"}, "bicubic", None, IMAGENET),
        to_tensor(load("smaller.png"), **IMAGENET),
    )


def draw(rng, height, width):
    """A landscape of sorts: sky gradient, hills, a sun and grain."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    pixels = np.stack([90 + 100 * y / height, 120 + 60 * y / height, 220 - 60 * y / height], axis=-1)
    for level, colour in [(0.55, (60, 110, 50)), (0.75, (30, 70, 35))]:
        hill = y / height > level + 0.1 * np.sin(9 * x / width + 20 * level)
        pixels[hill] = colour
    sun = np.hypot(x / width - 0.7, (y / height - 0.25) * height / width) < 0.09
    pixels[sun] = (255, 230, 120)
    return np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)


def main():
    rng = np.random.default_rng(20240518)
    for name, height, width in [("larger.png", 90, 127), ("tall.png", 101, 58), ("smaller.png", 23, 31), ("one.png", 1, 1)]:
        Image.fromarray(draw(rng, height, width)).save(HERE / name)
    Image.fromarray(draw(rng, 44, 61)).convert("L").save(HERE / "grey.png")
    listed = []
    tensors = []
    for name, picture, how, tensor in cases():
        listed.append({"name": f"{picture}: {name}", "picture": picture, "preprocessing": how, "shape": list(tensor.shape)})
        tensors.append(np.ascontiguousarray(tensor, dtype=np.float32).ravel())
    np.save(HERE / "tensors.npy", np.concatenate(tensors))
    (HERE / "cases.json").write_text(json.dumps({"pillow": Image.__version__, "cases": listed}, indent=1) + "\n")
    print(f"{len(listed)} cases, {sum(t.nbytes for t in tensors)} bytes")


if __name__ == "__main__":
    main()
