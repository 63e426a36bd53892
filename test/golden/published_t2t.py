"""
Writes cases of test/golden/cases by running published code itself: T2T-ViT's official models, at the size of the model and at another
one (the code takes square pictures only).

    PYTHONPATH=<a checkout of yitu-opensource/T2T-ViT, its folder models named t2t_models, and timm> python3 test/golden/published_t2t.py

Made with PyTorch 1.13, float32; random weights from fixed seeds.
"""
import json
import math

import numpy as np
import torch

from reference.common import CASES, save_safetensors
from t2t_models.t2t_vit import T2T_ViT

torch.set_num_threads(1)

ARGS = dict(img_size=32, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2.0, token_dim=8)


def main():
    for name, kind, architecture in (("performer", "performer", "t2t_vit_14"), ("transformer", "transformer", "t2t_vit_t_14")):
        write(f"t2t-published-{name}", kind, architecture)


def write(name, kind, architecture):
    seed = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    model = T2T_ViT(tokens_type=kind, num_classes=5, **ARGS).eval()
    randomise(model, seed)
    directory = keep(name, model, 32, seed, 2)
    config = {"architecture": architecture, "num_classes": 5, "model_args": ARGS, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "crop_pct": 0.9}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_safetensors(directory / "model.safetensors", {k: v.detach() for k, v in model.state_dict().items()})
    other = T2T_ViT(tokens_type=kind, num_classes=5, **{**ARGS, "img_size": 48}).eval()
    state = {k: v for k, v in model.state_dict().items() if k != "pos_embed"}
    other.load_state_dict({**state, "pos_embed": other.state_dict()["pos_embed"]})
    directory = keep(f"{name}-resized", other, 48, seed + 1, 1)
    (directory / "case.json").write_text(json.dumps({"model": name, "input_size": [48, 48]}) + "\n")


def keep(name, model, size, seed, batch):
    maps, tokens = [], []
    hooks = [b.attn.attn_drop.register_forward_pre_hook(lambda _, given: maps.append(given[0].clone())) for b in model.blocks]
    hooks.append(model.blocks[0].register_forward_pre_hook(lambda _, given: tokens.append(given[0].clone())))
    hooks += [b.register_forward_hook(lambda _, __, made: tokens.append(made.clone())) for b in model.blocks]
    x = torch.randn((batch, 3, size, size), generator=torch.Generator().manual_seed(seed + 1))
    with torch.no_grad():
        logits = model(x)
    for hook in hooks:
        hook.remove()
    directory = CASES / name
    directory.mkdir(parents=True, exist_ok=True)
    results = (("input", x), ("logits", logits), ("attention", torch.stack(maps, 1)), ("tokens", torch.stack(tokens, 1)))
    for key, value in results:
        np.save(directory / f"{key}.npy", value.numpy().astype(np.float32))
    print(f"{name:34} N {tokens[0].shape[1]:4} logits {logits.abs().max():.3f} attention peak {max(m.max().item() for m in maps):.2f}")
    return directory


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    normal = lambda like, std: torch.randn(like.shape, generator=generator) * std
    with torch.no_grad():
        for name, p in model.named_parameters():
            leaf = name.split(".")[-1]
            if name == "pos_embed":
                continue
            if "norm" in name and leaf == "weight":
                p.copy_(0.6 + 0.8 * torch.rand(p.shape, generator=generator))
            elif leaf == "w":
                p.copy_(normal(p, 0.7))
            elif "token" in leaf:
                p.copy_(normal(p, 0.6))
            elif p.dim() >= 2:
                p.copy_(normal(p, (1.4 if "qkv" in name else 0.9) / math.sqrt(p[0].numel())))
            else:
                p.copy_(normal(p, 0.2))


if __name__ == "__main__":
    main()
