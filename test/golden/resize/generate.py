"""Fixtures for the resize: what Pillow makes of small pictures. Run: python3 test/golden/resize/generate.py

Writes cases.json and pixels.bin beside this file. Each case names its source and result as [offset, bytes] in pixels.bin.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def picture(rng, height, width, channels):
    """Smooth shapes, hard edges and noise: what makes rounding and ringing visible."""
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        smooth = 127 + 90 * np.sin(x / (5.0 + c) + y / (9.0 - c))
        edge = np.where((x + 2 * y) % 17 < 5, 120, 0)
        planes.append(smooth + edge + rng.normal(0, 18, (height, width)))
    pixels = np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)
    if channels == 4:
        pixels[..., 3] = rng.choice([0, 1, 60, 200, 255], (height, width))
    return pixels


# name, height, width, channels, target (height, width), box (left, top, right, bottom) or None for all
SHAPES = [
    ("shrink", 61, 97, 3, (14, 23), None),
    ("shrink far", 61, 97, 3, (2, 3), None),
    ("enlarge", 11, 7, 3, (37, 40), None),
    ("grey shrink", 48, 64, 1, (15, 31), None),
    ("grey enlarge", 6, 9, 1, (20, 14), None),
    ("narrower only", 20, 33, 3, (20, 9), None),
    ("lower only", 33, 20, 3, (9, 20), None),
    ("narrower and higher", 10, 50, 3, (31, 8), None),
    ("same size", 12, 13, 3, (12, 13), None),
    ("one pixel enlarged", 1, 1, 3, (5, 7), None),
    ("to one pixel", 19, 23, 3, (1, 1), None),
    ("one row", 1, 40, 1, (6, 11), None),
    ("alpha shrink", 30, 40, 4, (11, 13), None),
    ("alpha enlarge", 7, 5, 4, (16, 17), None),
    ("box whole pixels", 40, 50, 3, (16, 16), (7, 5, 39, 29)),
    ("box fractions", 40, 50, 3, (16, 16), (3.25, 1.7, 41.1, 36.9)),
    ("box fractions grey", 40, 50, 1, (17, 9), (0.5, 0.1, 49.3, 7.77)),
    ("box smaller than a pixel", 12, 12, 3, (4, 5), (5.1, 6.2, 5.9, 6.8)),
    ("box of the target's size", 30, 30, 3, (10, 10), (4.5, 4.5, 14.5, 14.5)),
]


def main():
    rng = np.random.default_rng(20240517)
    cases, blob = [], bytearray()

    def store(pixels):
        begin = len(blob)
        blob.extend(pixels.tobytes())
        return [begin, pixels.nbytes]

    for name, height, width, channels, (target_height, target_width), box in SHAPES:
        pixels = picture(rng, height, width, channels)
        source = store(pixels)
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels, MODES[channels])
        for interpolation, resample in FILTERS.items():
            result = image.resize((target_width, target_height), resample, box=box)
            cases.append(
                {
                    "name": f"{name}, {interpolation}",
                    "interpolation": interpolation,
                    "width": width,
                    "height": height,
                    "channels": channels,
                    "box": box or [0, 0, width, height],
                    "targetWidth": target_width,
                    "targetHeight": target_height,
                    "source": source,
                    "expected": store(np.asarray(result)),
                }
            )
    (HERE / "cases.json").write_text(json.dumps({"pillow": Image.__version__, "cases": cases}, indent=1) + "\n")
    (HERE / "pixels.bin").write_bytes(blob)
    print(f"{len(cases)} cases, {len(blob)} bytes")


if __name__ == "__main__":
    main()
