"""
Adds to cases of test/golden/cases what PyTorch's autograd computes from them in float64: gradients of a target by the maps, the tokens and the
input, and the maps made of them (relevance, Grad-CAM).

    python3 test/golden/gradients.py [part of a case's name]
    PYTHONPATH=<a checkout of pytorch-image-models>:<transformers>:<T2T-ViT as published_t2t.py has it> python3 test/golden/gradients.py published

The models are those of generate.py and published*.py, made again from their seeds; a case whose logits are not the stored ones is refused.
Of a batch the last picture is written:

    gradient_input.npy      (C, H, W)
    gradient_tokens.npy     (depth + 1, N, D)
    gradient_attention.npy  (depth, h, N, N)
    relevance.npy           (N)           Chefer et al. 2021, eq. 5 and 6
    grad_cam.npy            (patches)     on what norm1 of the last block makes

The target of picture b of K outputs: output b mod K, less half of output (b + 1) mod K.
"""
import importlib
import sys

import numpy as np
import torch

from reference import articles, common, hf_cases, timm_cases

CASES = common.CASES
# name: prefix tokens, and the rows that the relevance starts from
TOKEN, PATCHES = "token", "patches"
OWN = {
    "timm-nonsquare": (1, TOKEN),
    "timm-odd-width": (1, TOKEN),
    "timm-patch-nonsquare": (1, TOKEN),
    "timm-f16": (1, TOKEN),
    "timm-pool-avg": (1, PATCHES),
    "timm-pool-avgmax": (1, PATCHES),
    "timm-pool-max": (1, PATCHES),
    "timm-pool-map": (0, PATCHES),
    "timm-pool-map-prefix": (3, PATCHES),
    "timm-pool-includes-prefix": (1, PATCHES),
    "timm-fc-norm-token": (1, TOKEN),
    "timm-no-final-norm": (1, TOKEN),
    "timm-registers-bare": (5, TOKEN),
    "timm-pre-norm-quickgelu": (1, TOKEN),
    "timm-gelu-tanh": (1, TOKEN),
    "timm-silu": (1, TOKEN),
    "timm-layer-scale": (1, TOKEN),
    "timm-qk-norm": (1, TOKEN),
    "timm-swiglu-packed": (1, TOKEN),
    "timm-glu": (1, TOKEN),
    "timm-scale-norms": (1, TOKEN),
    "timm-scale-norm-glu": (1, TOKEN),
    "timm-rms-norm": (1, TOKEN),
    "timm-res-post": (1, TOKEN),
    "timm-parallel-things": (1, TOKEN),
    "timm-parallel-scaling": (1, TOKEN),
    "timm-parallel-scaling-no-bias": (1, TOKEN),
    "timm-features": (1, TOKEN),
    "timm-resized": (1, TOKEN),
    "deit-distilled": (2, "distilled"),
    "seed-vit-heads": (1, TOKEN),
    "seed-vit-no-value-skip": (1, TOKEN),
    "seed-vit-rms": (1, TOKEN),
    "seed-vit-identity-norm": (1, TOKEN),
    "seed-t2t": (1, TOKEN),
    "seed-t2t-heads": (1, TOKEN),
    "t2t-official": (1, TOKEN),
    "hf-dinov2": (1, "class-avg"),
    "hf-siglip-classifier": (0, PATCHES),
    "hf-clip-classifier": (1, PATCHES),
    **{f"seed-act-{name.lower()}": (1, TOKEN) for name in articles.ACTIVATIONS},
}
PUBLISHED = {
    "timm-eva02": (1, PATCHES),
    "timm-eva-giant-clip": (1, TOKEN),
    "timm-rope-axial": (1, TOKEN),
    "timm-rope-mixed": (1, TOKEN),
    "timm-dinov3-swiglu": (5, PATCHES),
    "timm-beit": (1, PATCHES),
    "timm-relpos-class": (1, TOKEN),
    "timm-relpos-swin": (0, PATCHES),
    "timm-aimv2": (0, PATCHES),
    "timm-srelpos": (0, PATCHES),
    "hf-published-mlcd": (1, TOKEN),
    "hf-published-dinov3-gated": (5, TOKEN),
    "t2t-published-transformer": (1, TOKEN),
    "t2t-published-performer": (1, TOKEN),
}
NORMS = ("norm1", "layer_norm1", "layernorm_before", "in_norm")


def target(logits):
    total = 0
    for b, row in enumerate(logits):
        total = total + row[b % len(row)] - (0.5 * row[(b + 1) % len(row)] if len(row) > 1 else 0)
    return total


def start(kind, n, prefix):
    patches = np.r_[np.zeros(prefix), np.full(n - prefix, 1 / (n - prefix))]
    first = np.eye(n)[0]
    return {TOKEN: first, PATCHES: patches, "distilled": np.eye(n)[:2].mean(0), "class-avg": (first + patches) / 2}[kind]


def norm_of(block):
    if hasattr(block, "attns"):
        return block.attns[0]["norm"]
    return next(getattr(block, name) for name in NORMS if hasattr(block, name))


def write(name, prefix, kind, block, run, x):
    """`run`(x): logits, maps, tokens, each part of the graph; `block`: the last one."""
    seen = []
    hook = norm_of(block).register_forward_hook(lambda _, __, made: seen.append(made))
    x = x.double().requires_grad_()
    logits, maps, tokens = run(x)
    hook.remove()
    stored = np.load(CASES / name / "logits.npy")
    assert np.abs(logits.detach().numpy() - stored).max() < 1e-4, name
    # A mean of branches' maps is beside the graph: moving it moves each branch's alike.
    branches = [getattr(m, "branches", [m]) for m in maps]
    flat = [m for several in branches for m in several]
    gradients = torch.autograd.grad(target(logits), [x, seen[-1], *tokens, *flat])
    by_x, by_norm, by_tokens = gradients[0], gradients[1], gradients[2 : 2 + len(tokens)]
    by_flat, by_maps = list(gradients[2 + len(tokens) :]), []
    for several in branches:
        by_maps.append(sum(by_flat[: len(several)]))
        by_flat = by_flat[len(several) :]
    n = tokens[0].shape[1]
    row = start(kind, n, prefix)
    for m, g in reversed(list(zip(maps, by_maps))):
        row = row + row @ (m[-1] * g[-1]).clamp(min=0).mean(0).detach().numpy()
    weights = by_norm[-1, prefix:].mean(0)
    cam = (seen[-1][-1, prefix:] @ weights).clamp(min=0)
    for file, value in (
        ("gradient_input", by_x[-1]),
        ("gradient_tokens", torch.stack([t[-1] for t in by_tokens])),
        ("gradient_attention", torch.stack([m[-1] for m in by_maps])),
        ("relevance", torch.tensor(row)),
        ("grad_cam", cam),
    ):
        np.save(CASES / name / f"{file}.npy", value.detach().numpy().astype(np.float32))
    print(f"{name:34} dy/dx {by_x.abs().max():.1e} dy/dA {max(m.abs().max() for m in by_maps):.1e} Grad-CAM {cam.max():.2f}")


def own(name, model, config, size, batch=1, dtype="F32", seed=None, small=1.0, **_):
    """In write_case's place: the same weights and pictures."""
    seed = seed if seed is not None else sum(ord(c) * (i + 1) for i, c in enumerate(name))
    common.randomise(model, seed)
    common.shrink(model, small)
    kind = common.DTYPES[dtype]
    model.load_state_dict({key: value.detach().to(kind).float() for key, value in model.state_dict().items()})
    x = torch.randn((batch, *size), generator=torch.Generator().manual_seed(seed + 1)) * (small if small < 1 else 1)
    model = model.double().eval()
    lists = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) and hasattr(m[0], "heads") or isinstance(m, torch.nn.ModuleList)]
    blocks = next(m for m in lists if any(hasattr(m[0], n) for n in (*NORMS, "attns")))

    def run(x):
        logits, maps, tokens = model(x)
        for m, b in zip(maps, blocks):
            if hasattr(b, "attns"):
                m.branches = [branch["attn"].map for branch in b.attns]
        return logits, maps, tokens

    write(name, *OWN[name], blocks[-1], run, x)


def published(name, model, size, seed, *rest, blocks, map_of, call):
    maps, tokens = [], []
    hooks = [map_of(b, maps.append) for b in blocks]
    # What enters block 0 is what it is given, or, where that comes by keyword, what its first norm reads.
    entry = norm_of(blocks[0]) if name.startswith("hf") else blocks[0]
    hooks.append(entry.register_forward_pre_hook(lambda _, given: tokens.append(given[0])))
    first = lambda made: made[0] if isinstance(made, tuple) else made
    hooks += [b.register_forward_hook(lambda _, __, made: tokens.append(first(made))) for b in blocks]

    def run(x):
        logits = call(model, x)
        return logits, maps, tokens

    batch = np.load(CASES / name / "input.npy").shape[0]
    x = torch.randn((batch, 3, *size), generator=torch.Generator().manual_seed(seed + 1))
    write(name, *PUBLISHED[name], blocks[-1], run, x)
    for hook in hooks:
        hook.remove()


def drop_of(block, seen):
    return block.attn.attn_drop.register_forward_pre_hook(lambda _, given: seen(given[0]))


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if wanted == "published":
        return main_published()
    for module in (timm_cases, hf_cases, articles):
        module.write_case = own
        for name, make in module.cases():
            if name in OWN and wanted in name:
                make()


def main_published():
    import published as timm_published
    import published_hf
    import published_t2t

    def keep(name, model, size, seed, stored=None):
        if name in PUBLISHED:
            published(name, model.double(), size, seed, blocks=model.blocks, map_of=drop_of, call=lambda m, x: m(x))
        model.float()

    # timm multiplies mixed frequencies by coordinates in float32, whatever the model is.
    positions = importlib.import_module("timm.layers.pos_embed_sincos")
    mixed = positions.get_mixed_freqs
    positions.get_mixed_freqs = lambda freqs, x, y: mixed(freqs, x.float(), y.float())
    timm_published.keep = keep
    for name, entry, args, _ in timm_published.TIMM:
        if f"timm-{name}" in PUBLISHED:
            timm_published.write(f"timm-{name}", entry, {**timm_published.TINY, "num_classes": 5, **args}, None)

    def keep_hf(name, model, size, seed, patch, stored=None):
        if name not in PUBLISHED:
            return
        attention = published_hf.attention_of
        hook = lambda b, seen: attention(b).register_forward_hook(lambda _, __, made: seen(made[1]))
        result = lambda made: made.pooler_output if getattr(made, "logits", None) is None else made.logits
        call = lambda m, x: result(published_hf.run(m, x, patch, False))
        published(name, model.double(), size, seed, blocks=published_hf.blocks_of(model), map_of=hook, call=call)
        model.float()

    published_hf.keep = keep_hf
    for name, *rest in published_hf.CASE:
        if f"hf-published-{name}" in PUBLISHED:
            published_hf.write(f"hf-published-{name}", *rest)

    def keep_t2t(name, model, size, seed, batch):
        if name in PUBLISHED:
            published(name, model.double(), (size, size), seed, blocks=model.blocks, map_of=drop_of, call=lambda m, x: m(x))
        model.to(torch.float32)
        return CASES / name

    # Its Performer turns what it reads into float32.
    torch.Tensor.float = lambda x: x
    published_t2t.keep = keep_t2t
    published_t2t.main()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
