"""Turns a checkpoint into config.json and model.safetensors, and measures exactly the weights written.

    python models/recipe/evaluate.py export --checkpoint /tmp/vit-cifar10/student.pt --out models/vit-cifar10
    python models/recipe/evaluate.py test --out models/vit-cifar10
    python models/recipe/evaluate.py photos --out models/vit-cifar10 --photos FOLDER

`export` fits one temperature on the 2000 held-out training pictures, divides the head by it, rounds all
weights to float16 and sets the energy threshold, on pictures enlarged as in training. `test` reads the two files
back, computes in float32 and prints accuracy and calibration on the ten thousand test pictures, enlarged as the
extension does it. `photos` classifies the photographs of a folder, resized by Pillow as timm would.
"""
import argparse
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import torch

from data import CLASSES, MEAN, SIDE, STD, class_of, logits, normalise, splits
from model import ViT
from weights import read_safetensors, write_safetensors

ENERGY_PERCENTILE = 5


def load(folder):
    config = json.loads((Path(folder) / "config.json").read_text())
    model = ViT().eval()
    model.load_state_dict(read_safetensors(Path(folder) / "model.safetensors"))
    return model, config


def enlarged(x):
    """uint8 N x 3 x 32 x 32 -> the side the network sees, by Pillow's bicubic filter, as the extension enlarges pictures."""
    from PIL import Image
    size = (SIDE, SIDE)
    rows = [np.asarray(Image.fromarray(image).resize(size, Image.BICUBIC)) for image in x.permute(0, 2, 3, 1).numpy()]
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)


def calibration_error(z, y, bins=15):
    """Expected calibration error over equal bins of confidence."""
    p, guess = z.softmax(1).max(1)
    right, bin_ = (guess == y).float(), (p * bins).long().clamp(max=bins - 1)
    return sum((p[bin_ == b].mean() - right[bin_ == b].mean()).abs().item() * (bin_ == b).float().mean().item()
               for b in range(bins) if (bin_ == b).any())


def best_temperature(z, y):
    grid = torch.exp(torch.linspace(-1.5, 1.5, 601))
    return min(grid.tolist(), key=lambda t: torch.nn.functional.cross_entropy(z / t, y).item())


def export(args, data):
    saved = torch.load(args.checkpoint)
    model = ViT().eval()
    model.load_state_dict(saved["average"])
    x, y = data["held_out"]
    temperature = best_temperature(logits(model, x), y)
    with torch.no_grad():
        model.head.weight.div_(temperature)
        model.head.bias.div_(temperature)
    half = {k: v.half() for k, v in model.state_dict().items()}
    model.load_state_dict({k: v.float() for k, v in half.items()})
    energy = logits(model, x).logsumexp(1)
    threshold = float(np.percentile(energy.numpy(), ENERGY_PERCENTILE))
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    write_safetensors(out / "model.safetensors", half, {"format": "pt"})
    config = {
        "architecture": "deit_tiny_patch16_224",
        "num_classes": 10,
        "num_features": 192,
        "global_pool": "token",
        "model_args": {"img_size": SIDE, "patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3},
        "pretrained_cfg": {
            "input_size": [3, SIDE, SIDE], "fixed_input_size": True, "interpolation": "bicubic",
            "crop_pct": args.crop_pct, "crop_mode": args.crop_mode, "mean": MEAN, "std": STD,
            "num_classes": 10, "classifier": "head", "first_conv": "patch_embed.proj"},
        "label_names": CLASSES,
        "temperature": round(temperature, 4),
        "temperature_note": "already divided into the head's weights and bias",
        "energy_threshold": round(threshold, 4),
        "energy_threshold_note": f"energy = logsumexp(logits); {ENERGY_PERCENTILE}% of held-out CIFAR-10 pictures "
                                 "lie below the threshold; a picture below it is unlike the training data",
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(json.dumps(dict(temperature=temperature, energy_threshold=threshold, steps=saved["step"])))


def test(args, data):
    model, config = load(args.out)
    x, y = data["test"]
    z = logits(model, enlarged(x))
    guess = z.argmax(1)
    print("parameters", sum(p.numel() for p in model.parameters()))
    print("accuracy %.4f" % (guess == y).float().mean(), "calibration error %.4f before, %.4f after" % (
        calibration_error(z * config["temperature"], y), calibration_error(z, y)))
    print("below the energy threshold %.4f" % (z.logsumexp(1) < config["energy_threshold"]).float().mean())
    held = data["held_out"]
    print("held-out accuracy %.4f" % (logits(model, enlarged(held[0])).argmax(1) == held[1]).float().mean())
    table = torch.zeros(10, 10, dtype=torch.int64)
    table.index_put_((y, guess), torch.ones(len(y), dtype=torch.int64), accumulate=True)
    for c, name in enumerate(CLASSES):
        print("%-11s %.3f  " % (name, table[c, c] / table[c].sum()), " ".join("%4d" % n for n in table[c]))
    print("sha256", hashlib.sha256((Path(args.out) / "model.safetensors").read_bytes()).hexdigest())
    if args.save:
        np.save(Path(args.save) / "eval_argmax.npy", guess.numpy())
        np.save(Path(args.save) / "eval_logits.npy", z.numpy())


def preprocess(image, config):
    """A Pillow picture to 0..1 pixels, as timm's evaluation transform does for these settings."""
    from PIL import Image
    cfg = config["pretrained_cfg"]
    size = cfg["input_size"][1]
    scale = int(size / cfg["crop_pct"])
    w, h = image.size
    if cfg["crop_mode"] == "squash":
        w, h = scale, scale
    else:
        short = min(w, h)
        w, h = int(scale * w / short), int(scale * h / short)
    image = image.resize((w, h), Image.BICUBIC)
    left, top = round((w - size) / 2), round((h - size) / 2)
    image = image.crop((left, top, left + size, top + size))
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None]


@torch.no_grad()
def photos(args):
    """Photographs whose names begin with an ImageNet id (n02123045_tabby.jpg): how many of the ten classes are named
    rightly, and how many of the others are called unlike. Others are listed with what is said about them."""
    from PIL import Image
    model, config = load(args.out)
    known, answers, other = [], [], []
    for path in sorted(p for p in Path(args.photos).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        z = model(normalise(preprocess(Image.open(path).convert("RGB"), config)))[0]
        energy = z.logsumexp(0).item()
        unlike = energy < config["energy_threshold"]
        name = path.name.split("_")[0]
        c = class_of(name)
        if c is not None:
            known.append((c, unlike))
            answers.append(z)
            continue
        other.append(unlike)
        if not re.fullmatch(r"n\d{8}", name):
            p, i = z.softmax(0).max(0)
            print("%-22s %-10s %.2f energy %.2f%s" % (path.name, CLASSES[i], p, energy, " unlike" if unlike else ""))
    if known:
        z, y = torch.stack(answers), torch.tensor([c for c, _ in known])
        right = z.argmax(1) == y
        for c, name in enumerate(CLASSES):
            print("%-11s %d of %d" % (name, right[y == c].sum(), (y == c).sum()))
        print("right %.4f, mean over classes %.4f, calibration error %.4f" % (
            right.float().mean(), np.mean([right[y == c].float().mean() for c in y.unique()]), calibration_error(z, y)))
        print("called unlike %.4f" % np.mean([u for _, u in known]))
    if other:
        print("others: %d, called unlike %.4f" % (len(other), np.mean(other)))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("action", choices=["export", "test", "photos"])
    p.add_argument("--checkpoint", default="/tmp/vit-cifar10/student.pt")
    p.add_argument("--out", default="models/vit-cifar10")
    p.add_argument("--data", default="../shared/cifar10")
    p.add_argument("--work-dir", default="/tmp/vit-cifar10")
    p.add_argument("--photos")
    p.add_argument("--crop-mode", default="center")
    p.add_argument("--crop-pct", type=float, default=1.0)
    p.add_argument("--save", help="test: folder for the predictions")
    args = p.parse_args()
    if args.action == "photos":
        return photos(args)
    data = splits(args.data, Path(args.work_dir) / "cifar10.npz")
    (export if args.action == "export" else test)(args, data)


if __name__ == "__main__":
    main()
