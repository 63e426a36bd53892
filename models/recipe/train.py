"""Fine-tunes an ImageNet DeiT-Ti on CIFAR-10 on a CPU; see ../vit-cifar10/README.md for the command.

The position embedding is resampled to the smaller grid, and the head starts as the mean of the ImageNet classes that
belong to each of the ten. For the first part of the run (--half-until) each picture shows a random half of its patches,
which costs half the time. Some pictures are set on another background, and the attention of the last blocks is taught to lie
on what was set there. Learning rates follow the pictures seen and fall from the last block to the first; a run that
was stopped goes on where its checkpoint is.
"""
import argparse
import copy
import json
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from data import CLASSES, augment, class_of, logits, normalise, place, splits
from model import ViT, resample_positions
from weights import read_safetensors

LOOKING = 3  # last blocks whose attention is taught to lie on a placed object


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--start-from", default="../shared/deit-tiny", help="folder of the ImageNet model, in timm's layout")
    p.add_argument("--data", default="../shared/cifar10", help="folder with cifar10-jpeg.npz")
    p.add_argument("--work-dir", default="/tmp/vit-cifar10", help="checkpoint and decoded pictures")
    p.add_argument("--images", type=int, default=72_000, help="pictures to train on in all")
    p.add_argument("--stop-at", type=int, help="pictures after which to stop, with the schedule of --images")
    p.add_argument("--half-until", type=float, default=0.66, help="share of the run on half of the patches")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--lr", type=float, default=4e-4, help="of the last block")
    p.add_argument("--lr-head", type=float, default=2e-3)
    p.add_argument("--layer-decay", type=float, default=0.8, help="of the learning rate, for each block further down")
    p.add_argument("--weight-decay", type=float, default=0.05)
    p.add_argument("--warmup", type=float, default=0.05, help="share of the run")
    p.add_argument("--strength", type=float, default=0.5, help="share of richly augmented pictures")
    p.add_argument("--placed", type=float, default=0.25, help="share of pictures placed on another background")
    p.add_argument("--look", type=float, default=0.2, help="weight of the loss of attention beside a placed object")
    p.add_argument("--ema", type=float, default=0.99)
    p.add_argument("--eval-every", type=int, default=12_000, help="pictures between evaluations")
    return p.parse_args()


def start(folder, model):
    """Loads the ImageNet weights into the smaller model: positions resampled, the head folded to the ten classes."""
    config = json.loads((Path(folder) / "config.json").read_text())
    weights = read_safetensors(Path(folder) / "model.safetensors")
    weights["pos_embed"] = resample_positions(weights["pos_embed"], model.side)
    owner = torch.tensor([-1 if (c := class_of(name)) is None else c for name in config["label_names"]])
    for name in ("head.weight", "head.bias"):
        weights[name] = torch.stack([weights[name][owner == c].mean(0) for c in range(len(CLASSES))])
    model.load_state_dict(weights)
    return model


def optimizer(model, args):
    """AdamW in groups: each block's learning rate is `layer_decay` times that of the block above it."""
    depth, groups = len(model.blocks), {}
    for name, p in model.named_parameters():
        level = int(name.split(".")[1]) + 1 if name.startswith("blocks.") else depth if name.startswith("norm.") else 0
        peak = args.lr_head if name.startswith("head.") else args.lr * args.layer_decay ** (depth - level)
        decay = args.weight_decay if p.ndim == 2 else 0.0
        groups.setdefault((peak, decay), []).append(p)
    return torch.optim.AdamW([dict(params=p, lr=peak, peak=peak, weight_decay=decay)
                              for (peak, decay), p in groups.items()], betas=(0.9, 0.98))


def accuracy(model, x, y):
    return (logits(model, x).argmax(1) == y).float().mean().item()


def schedule(progress, warmup):
    """Up in a line, then down along half a cosine to nothing."""
    if progress < warmup:
        return progress / warmup
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warmup) / (1 - warmup))


def main():
    args = arguments()
    work = Path(args.work_dir)
    work.mkdir(parents=True, exist_ok=True)
    checkpoint = work / "student.pt"
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    data = splits(args.data, work / "cifar10.npz")
    images, labels = data["train"]
    model = start(args.start_from, ViT())
    average = copy.deepcopy(model)
    adam = optimizer(model, args)
    step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        peaks = [group["peak"] for group in adam.param_groups]
        adam.load_state_dict(saved["optimizer"])
        for group, peak in zip(adam.param_groups, peaks):
            group["peak"] = peak
        step = saved["step"]

    def save():
        part = checkpoint.with_suffix(".part")
        torch.save(dict(model=model.state_dict(), average=average.state_dict(), optimizer=adam.state_dict(), step=step,
                        args=vars(args)), part)
        os.replace(part, checkpoint)

    def log(**row):
        print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}), flush=True)

    params = list(model.parameters())
    per_epoch, steps = len(images) // args.batch, args.images // args.batch
    if step == 0:
        log(seen=0, held_out=accuracy(average, *data["held_out"]))
    started, losses, hits, looks = time.time(), [], [], []
    while step < min(steps, (args.stop_at or args.images) // args.batch):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(args.seed * 7919 + step // per_epoch))
        ids = order[step % per_epoch * args.batch:][:args.batch]
        g = torch.Generator().manual_seed(args.seed * 1_000_003 + step)
        x, y = augment(images[ids], args.strength, g), labels[ids]
        placed = int(len(ids) * args.placed)
        if placed:
            front, covered = place(x[:placed], g, model.side)
            x = torch.cat([normalise(front), normalise(x[placed:])])
        else:
            x = normalise(x)
        keep = None
        if step < steps * args.half_until:
            patches = model.side ** 2
            keep = torch.rand(len(ids), patches, generator=g).argsort(1)[:, :patches // 2]
        z, maps = model.scores_and_maps(x, keep, LOOKING)
        loss = F.cross_entropy(z, y)
        if placed:
            covered = covered if keep is None else covered.gather(1, keep[:placed])
            on_object = (maps[:placed] * covered[:, None]).sum(-1)
            loss = loss - args.look * on_object.clamp(min=1e-3).log().mean()
            looks.append(on_object.mean().item())
        for p, grad in zip(params, torch.autograd.grad(loss, params)):
            p.grad = grad
        scale = schedule(step / steps, args.warmup)
        for group in adam.param_groups:
            group["lr"] = group["peak"] * scale
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()
        step += 1
        decay = min(args.ema, step / (step + 20))
        with torch.no_grad():
            for a, b in zip(average.parameters(), params):
                a.lerp_(b, 1 - decay)
        losses.append(loss.item())
        hits.append((z.argmax(1) == y).float().mean().item())
        if step % 25 == 0:
            log(step=step, seen=step * args.batch, loss=sum(losses) / len(losses), train=sum(hits) / len(hits),
                on_object=sum(looks) / max(1, len(looks)), minutes=(time.time() - started) / 60)
            losses, hits, looks = [], [], []
            save()
        if step * args.batch % args.eval_every < args.batch or step == steps:
            log(seen=step * args.batch, held_out=accuracy(average, *data["held_out"]))
    save()


if __name__ == "__main__":
    main()
