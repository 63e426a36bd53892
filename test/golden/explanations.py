"""
Adds explanations.json to cases of test/golden/cases: what the methods of docs/evidence.md give for the last picture, computed in float64 by
PyTorch's autograd and by passes with patches' embeddings put to zero.

    python3 test/golden/explanations.py

The models are those of generate.py, made again from their seeds, as in gradients.py. Maps are one number a patch, of class b mod K for
picture b; relevance is without prefix tokens. Faithfulness is of the leave-one-out map: deletion and insertion, k = 0..N.
"""
import json

import numpy as np
import torch

import gradients
from gradients import CASES, norm_of, start
from reference import timm_cases

NAMES = (
    "timm-nonsquare",
    "timm-patch-nonsquare",
    "timm-odd-width",
    "timm-pool-avg",
    "timm-pool-map-prefix",
    "timm-registers-bare",
    "timm-parallel-scaling",
    "deit-distilled",
)
STEPS = 32


class Masked:
    """The model's logits with patches' embeddings put to zero: hidden (variants, patches)."""

    def __init__(self, model, run):
        self.run, self.hidden = run, None
        model.patch_embed.register_forward_hook(self.hide)

    def hide(self, _, __, made):
        return made if self.hidden is None else made * (1 - self.hidden)[..., None]

    def __call__(self, x, hidden):
        self.hidden = torch.tensor(hidden, dtype=torch.float64)
        logits = self.run(x.expand(len(hidden), *x.shape[1:]))[0]
        self.hidden = None
        return logits.detach()


def patch_sums(values, patch):
    """(C, H, W) summed over channels and each patch's pixels; pixels beyond the last whole patch are left out."""
    c, h, w = values.shape
    rows, columns = h // patch[0], w // patch[1]
    whole = values[:, : rows * patch[0], : columns * patch[1]]
    return whole.reshape(c, rows, patch[0], columns, patch[1]).sum((0, 2, 4)).flatten()


def curve(points):
    return {"curve": points, "auc": float(np.trapz(points, dx=1 / (len(points) - 1)))}


def explain(name, prefix, kind, block, run, x):
    stored = np.load(CASES / name / "logits.npy")
    model = block.whole
    x = x[-1:].double().requires_grad_()
    index = (len(stored) - 1) % stored.shape[1]
    seen = []
    hook = norm_of(block).register_forward_hook(lambda _, __, made: seen.append(made))
    logits, maps, _ = run(x)
    hook.remove()
    assert np.abs(logits.detach().numpy() - stored[-1:]).max() < 1e-4, name
    by_x, by_norm, *by_maps = torch.autograd.grad(logits[0, index], [x, seen[-1], *maps])
    n = maps[0].shape[-1]
    patches = n - prefix
    row = start(kind, n, prefix)
    for m, g in reversed(list(zip(maps, by_maps))):
        row = row + row @ (m[0] * g[0]).clamp(min=0).mean(0).detach().numpy()
    cam = (seen[-1][0, prefix:] @ by_norm[0, prefix:].mean(0)).clamp(min=0)

    ways = torch.stack([x[0].detach() * (k + 0.5) / STEPS for k in range(STEPS)]).requires_grad_()
    mean = torch.autograd.grad(run(ways)[0][:, index].sum(), ways)[0].mean(0)
    integrated = patch_sums(x[0].detach() * mean, model.patch)
    zero = run(torch.zeros_like(x))[0]
    change = (logits - zero)[0, index].item()

    masked = Masked(model, run)
    alone = masked(x, np.eye(patches))[:, index]
    left = (logits[0, index] - alone).detach().numpy()
    order = np.argsort(-left, kind="stable")
    deletion = np.array([np.isin(np.arange(patches), order[:k]) for k in range(patches + 1)])
    score = lambda hidden: masked(x, hidden.astype(float)).softmax(-1)[:, index].tolist()
    numbers = {
        "class": index,
        "logit": logits[0, index].item(),
        "relevance": row[prefix:],
        "grad-cam": cam.detach(),
        "input-gradient": patch_sums((x * by_x)[0].detach(), model.patch),
        "integrated-gradients": integrated,
        "completeness": integrated.sum().item() - change,
        "leave-one-out": left,
        "faithfulness": {"deletion": curve(score(deletion)), "insertion": curve(score(~deletion))},
    }
    plain = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in numbers.items()}
    (CASES / name / "explanations.json").write_text(json.dumps(rounded(plain)) + "\n")
    print(f"{name:24} class {index}, completeness {numbers['completeness']:.1e}")


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def main():
    own = gradients.own

    def remember(name, model, *rest, **more):
        for module in model.modules():
            object.__setattr__(module, "whole", model)
        own(name, model, *rest, **more)

    gradients.write = explain
    timm_cases.write_case = remember
    for name, make in timm_cases.cases():
        if name in NAMES:
            make()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
