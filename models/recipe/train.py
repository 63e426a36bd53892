"""Trains the teacher or the Vision Transformer on CIFAR-10 on a CPU; see ../vit-cifar10/README.md for the commands.

A step's batch is cut into microbatches that two threads take from one queue, each with one core: on a busy
machine no thread waits for the other longer than one microbatch. Learning rates follow the progress of
the run, either pictures seen (--images) or time up to a deadline (--deadline), so a run always ends annealed,
also after it was stopped and continued.
"""
import argparse
import copy
import datetime
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F

from data import augment, cutmix, normalise, splits
from model import ConvNet, Hints, ViT, init_vit
from muon import Muon


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("stage", choices=["teacher", "student"])
    p.add_argument("--data", default="../shared/cifar10", help="folder with cifar10-jpeg.npz")
    p.add_argument("--work-dir", default="/tmp/vit-cifar10", help="checkpoints, logs and decoded pictures")
    p.add_argument("--name", help="of this run; the stage by default")
    p.add_argument("--images", type=int, help="pictures to train on in all")
    p.add_argument("--deadline", help="HH:MM of the clock at which the schedule ends, instead of --images")
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--micro", type=int, default=64)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--lr", type=float, help="of Muon")
    p.add_argument("--lr-rest", type=float, help="of AdamW")
    p.add_argument("--weight-decay", type=float, default=0.05)
    p.add_argument("--warmup", type=float, default=0.03, help="share of the run")
    p.add_argument("--strength", type=float, default=0.6, help="share of richly augmented pictures")
    p.add_argument("--cutmix", type=float, default=0.2, help="share of cut-and-pasted microbatches")
    p.add_argument("--small-until", type=float, default=0.0, help="share of the run on 24 x 24 pictures")
    p.add_argument("--ema", type=float, default=0.995)
    p.add_argument("--teacher", help="checkpoint of the teacher")
    p.add_argument("--soft", type=float, default=0.8, help="weight of the teacher's answers")
    p.add_argument("--hints", type=float, default=1.0, help="weight of its feature maps, falling to nothing")
    p.add_argument("--temperature", type=float, default=2.0)
    p.add_argument("--dim", type=int, default=192)
    p.add_argument("--depth", type=int, default=6)
    p.add_argument("--heads", type=int, default=6)
    p.add_argument("--mlp-ratio", type=float, default=3)
    p.add_argument("--widths", type=int, nargs=3, default=(64, 128, 192), help="of the teacher")
    p.add_argument("--start-from", help="checkpoint whose averaged weights to start from")
    p.add_argument("--eval-every", type=int, default=100_000, help="pictures between evaluations")
    return p.parse_args()


class Average:
    """Exponential moving average of the weights, quicker at the start of a run."""

    def __init__(self, model, decay):
        self.model, self.decay, self.steps = copy.deepcopy(model).eval(), decay, 0

    def update(self, model, pool):
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 20))
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values()))

        @torch.no_grad()
        def part(i):
            for a, b in pairs[i::4]:
                a.lerp_(b, 1 - decay) if a.is_floating_point() else a.copy_(b)
        list(pool.map(part, range(4)))


@torch.no_grad()
def accuracy(model, pool, x, y, window=None):
    def part(i):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            return (model(normalise(x[i:i + 250])).argmax(1) == y[i:i + 250]).sum().item()
    return sum(pool.map(part, range(0, len(x), 250))) / len(x)


def optimizers(model, hints, args):
    teacher = args.stage == "teacher"
    fused, matrices, decayed, rest = [], [], [], []
    for name, p in model.named_parameters():
        if p.ndim >= 2 and not any(k in name for k in ("head", "embed", "cls_token", "stem")):
            (fused if "qkv" in name else matrices).append(p)
        else:
            (decayed if p.ndim >= 2 and ("head" in name or "proj" in name) else rest).append(p)
    rest += hints.parameters() if hints else ()
    lr = args.lr or (0.035 if teacher else 0.01)
    groups = [{"params": matrices, "parts": 1}] + ([{"params": fused, "parts": 3}] if fused else [])
    muon = Muon(groups, lr, weight_decay=0 if teacher else args.weight_decay)
    adam = torch.optim.AdamW([{"params": decayed, "weight_decay": args.weight_decay},
                              {"params": rest, "weight_decay": 0.0}],
                             args.lr_rest or (0.01 if teacher else 0.002), betas=(0.9, 0.98))
    for o in (muon, adam):
        for group in o.param_groups:
            group["peak"] = group["lr"]
    return muon, adam


def collect(job):
    """The mean of one parameter's gradients, always summed in the same order."""
    p, total, *grads = job
    for g in grads:
        total = total.add_(g)
    p.grad = total.div_(1 + len(grads))


def schedule(progress, warmup):
    """Up in a line, then down in a line to nothing."""
    return min(progress / warmup, (1 - progress) / (1 - warmup)) if progress < 1 else 0.0


def main():
    args = arguments()
    work = Path(args.work_dir)
    work.mkdir(parents=True, exist_ok=True)
    name = args.name or args.stage
    checkpoint = work / f"{name}.pt"
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(args.threads)
    data = splits(args.data, work / "cifar10.npz")
    images, labels = data["train"]

    if args.stage == "teacher":
        model = ConvNet(args.widths).to(memory_format=torch.channels_last)
    else:
        model = init_vit(ViT(embed_dim=args.dim, depth=args.depth, num_heads=args.heads, mlp_ratio=args.mlp_ratio),
                         args.seed)
    if args.start_from:
        model.load_state_dict(torch.load(args.start_from)["average"])
    teacher = None
    if args.stage == "student" and args.teacher:
        saved = torch.load(args.teacher)
        teacher = ConvNet(saved["args"]["widths"]).to(memory_format=torch.channels_last).eval()
        teacher.load_state_dict(saved["average"])
        teacher.requires_grad_(False)
    average = Average(model, args.ema)
    hints = Hints(args.dim, teacher.widths[1:]) if teacher is not None else None
    taps = (args.depth // 2 - 1, args.depth - 2)
    params = [*model.parameters(), *(hints.parameters() if hints else ())]
    opts = optimizers(model, hints, args)
    opts[0].map = pool.map
    step, seen, progress, started = 0, 0, 0.0, time.time()
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        average.model.load_state_dict(saved["average"])
        if hints:
            hints.load_state_dict(saved["hints"])
        for o, s in zip(opts, saved["optimizers"]):
            o.load_state_dict(s)
        step, seen, progress, average.steps = saved["step"], saved["seen"], saved["progress"], saved["step"]

    deadline = None
    if args.deadline:
        hour, minute = map(int, args.deadline.split(":"))
        deadline = datetime.datetime.now().replace(hour=hour, minute=minute, second=0).timestamp()

    def log(**row):
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()})
        print(line, flush=True)

    def save():
        part = checkpoint.with_suffix(".part")
        torch.save(dict(model=model.state_dict(), hints=hints.state_dict() if hints else None, average=average.model.state_dict(),
                        optimizers=[o.state_dict() for o in opts], step=step, seen=seen, progress=progress,
                        args=vars(args)), part)
        os.replace(part, checkpoint)

    def micro(job):
        """One microbatch's loss, hits and gradients; its random numbers depend on its place in the run alone."""
        ids, number, small = job
        g = torch.Generator().manual_seed(args.seed * 1_000_003 + number)
        x, y = augment(images[ids], args.strength, g), labels[ids]
        other, keep = y, 1.0
        if torch.rand(1, generator=g).item() < args.cutmix:
            x, other, keep = cutmix(x, y, g)
        x = normalise(x)
        window = torch.randint(0, 3, (2,), generator=g).tolist() if small else None
        with torch.autocast("cpu", torch.bfloat16):
            last = x.contiguous(memory_format=torch.channels_last)
            if teacher is not None:
                with torch.no_grad():
                    t, maps = teacher(last, features=True)
                    t = t.float()
                if small:
                    x = F.interpolate(x, (24, 24), mode="bilinear", antialias=True, align_corners=False)
                z, tokens = model(x, window, taps)
                hint = hints(tokens, maps)
            else:
                z = model(last if args.stage == "teacher" else x)
        z = z.float()
        smooth = 0.0 if teacher is not None else 0.05
        loss = keep * F.cross_entropy(z, y, label_smoothing=smooth) \
            + (1 - keep) * F.cross_entropy(z, other, label_smoothing=smooth)
        if teacher is not None:
            T = args.temperature
            soft = F.kl_div(F.log_softmax(z / T, 1), F.softmax(t / T, 1), reduction="batchmean") * T * T
            loss = args.soft * soft + (1 - args.soft) * loss + args.hints * (1 - progress) * hint
        grads = torch.autograd.grad(loss, params)
        shown = hint.item() if teacher is not None else 0.0
        return loss.item(), (z.argmax(1) == y).float().mean().item(), shown, grads

    order, epoch, micros = None, -1, args.batch // args.micro
    clock, next_eval, next_save = time.time(), seen + args.eval_every, time.time() + 120
    losses, hits, hinted = [], [], []
    per_epoch = len(images) // args.batch
    while progress < 1:
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            order = torch.randperm(len(images), generator=torch.Generator().manual_seed(args.seed * 7919 + epoch))
        at = step % per_epoch * args.batch
        small = progress < args.small_until
        jobs = [(order[at + i * args.micro:at + (i + 1) * args.micro], step * micros + i, small) for i in range(micros)]
        results = list(pool.map(micro, jobs))
        list(pool.map(collect, zip(params, *(r[3] for r in results))))
        losses += [r[0] for r in results]
        hits += [r[1] for r in results]
        hinted += [r[2] for r in results]
        scale = schedule(progress, args.warmup)
        for o in opts:
            for group in o.param_groups:
                group["lr"] = group["peak"] * scale
        adam = pool.submit(opts[1].step)
        opts[0].step()
        adam.result()
        if args.stage == "teacher":  # batch norm follows every convolution: keep each at one length
            with torch.no_grad():
                for p in opts[0].param_groups[0]["params"]:
                    p.mul_(p.shape[0] ** 0.5 / p.norm())
        average.update(model, pool)
        step, seen = step + 1, seen + args.batch
        now = time.time()
        if deadline:
            progress = 1.0 if now >= deadline else progress + (1 - progress) * min(1, (now - clock) / (deadline - clock))
        else:
            progress = min(1.0, seen / args.images)
        clock = now
        if step % 20 == 0:
            log(step=step, seen=seen, progress=progress, loss=sum(losses) / len(losses),
                train=sum(hits) / len(hits), hint=sum(hinted) / len(hinted), minutes=(now - started) / 60, cpu=time.process_time() / 60)
            losses, hits, hinted = [], [], []
        if now > next_save or progress >= 1:
            save()
            next_save = now + 120
        if seen >= next_eval or progress >= 1:
            next_eval = seen + args.eval_every
            log(seen=seen, held_out=accuracy(average.model, pool, *data["held_out"]))


if __name__ == "__main__":
    main()
