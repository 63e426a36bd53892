"""Pictures of every kind the decoder meets, and their pixels as Pillow gives them. Run: python3 test/golden/images/generate.py

Writes the pictures, cases.json and pixels.bin ((height, width, channels) bytes of each) beside this file.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent
WIDTH, HEIGHT = 29, 19


def colours(rng):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [255 * x / WIDTH, 255 * y / HEIGHT, 127 + 120 * np.sin(x / 3 + y / 4)]
    return np.clip(np.stack(planes, axis=-1) + rng.normal(0, 5, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)


def main():
    rng = np.random.default_rng(7)
    rgb = Image.fromarray(colours(rng))
    alpha = Image.fromarray(rng.choice([0, 3, 128, 255], (HEIGHT, WIDTH)).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    grey = rgb.convert("L")
    listed, blob = [], bytearray()

    def add(name, image=None, expected=None, mode="RGB", **options):
        """Saves `image` as `name`; expects `expected`, or what Pillow reads from the file, upright, as `mode`."""
        if image is not None:
            image.save(HERE / name, **options)
        if expected is None:
            expected = np.asarray(ImageOps.exif_transpose(Image.open(HERE / name)).convert(mode))
        channels = 1 if expected.ndim == 2 else expected.shape[2]
        listed.append(
            {
                "file": name,
                "width": expected.shape[1],
                "height": expected.shape[0],
                "channels": channels,
                "pixels": [len(blob), expected.nbytes],
            }
        )
        blob.extend(expected.tobytes())

    add("rgb.png", rgb)
    add("rgba.png", rgba)
    add("grey.png", grey, mode="L")
    add("grey-alpha.png", rgba.convert("LA"), mode="L")
    add("palette.png", rgb.quantize(13))
    add("palette-transparent.png", rgb.quantize(13), transparency=2)
    add("one-bit.png", rgb.convert("1"), mode="L")
    wide = np.asarray(grey).astype(np.uint16) * 256 + rng.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint16)
    add("grey-16.png", Image.fromarray(wide), expected=(wide >> 8).astype(np.uint8))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        add(f"orientation-{orientation}.jpg", rgb, quality=92, exif=exif)
    add("grey.jpg", grey, mode="L", quality=85)
    add("progressive.jpg", rgb, progressive=True, quality=80, subsampling=0)
    add("lossless.webp", rgb, lossless=True)
    add("lossless-alpha.webp", rgba, lossless=True, exact=True)
    add("still.gif", rgb.quantize(40))
    rgb.quantize(40).save(
        HERE / "animated.gif", save_all=True, append_images=[ImageOps.invert(rgb).quantize(40)], duration=50
    )
    add("animated.gif")
    add("plain.tiff", rgb)
    add("lzw.tiff", rgb, compression="tiff_lzw")
    add("24-bit.bmp", rgb)
    add("32-bit.bmp", rgba, expected=np.asarray(rgb))
    add("palette.bmp", rgb.quantize(200))
    add("grey.bmp", grey, mode="RGB")
    add("one-bit.bmp", rgb.convert("1"), mode="RGB")
    rgb.convert("CMYK").save(HERE / "cmyk.jpg", quality=95)

    (HERE / "pixels.bin").write_bytes(blob)
    (HERE / "cases.json").write_text(json.dumps({"pillow": Image.__version__, "cases": listed}, indent=1) + "\n")
    print(f"{len(listed)} cases, {len(blob)} bytes")


if __name__ == "__main__":
    main()
