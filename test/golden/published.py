"""
Writes cases of test/golden/cases by running published code itself: timm, at the size of the model and at another one.

    PYTHONPATH=<a checkout of pytorch-image-models> python3 test/golden/published.py [part of a case's name]

Made with timm 1.0.29 (and PyTorch 1.13, float32). timm imports torchvision, huggingface_hub and safetensors, none of which is used here;
empty stand-ins on PYTHONPATH do. The models are small ones of timm's own entry points with random weights, from fixed seeds.
"""
import importlib
import json
import math
import sys

import numpy as np
import torch
from torch import nn

from reference.common import CASES, save_safetensors

torch.set_num_threads(1)

TINY = dict(depth=2, embed_dim=32, num_heads=2, img_size=16, patch_size=4)
# name of the case, timm's entry point, arguments, the second size (height, width) or None
TIMM = [
    ("eva02", "eva02_base_patch14_448", {}, (12, 24)),
    ("eva02-fused", "eva02_tiny_patch14_336", {}, (20, 12)),
    ("eva02-clip", "eva02_base_patch16_clip_224", {}, (12, 20)),
    ("eva02-enormous", "eva02_enormous_patch14_clip_224", {}, None),
    ("eva-giant", "eva_giant_patch14_224", {}, (12, 24)),
    ("eva-giant-clip", "eva_giant_patch14_clip_224", {}, None),
    ("pe-core", "vit_pe_core_base_patch16_224", dict(attn_pool_num_heads=2), (12, 24)),
    ("pe-core-gigantic", "vit_pe_core_gigantic_patch14_448", dict(attn_pool_num_heads=2), (20, 12)),
    ("pe-lang", "vit_pe_lang_large_patch14_448", dict(num_classes=0), (12, 24)),
    ("pe-spatial", "vit_pe_spatial_base_patch16_512", dict(num_classes=0), (20, 12)),
    ("rope-axial", "vit_base_patch16_rope_224", {}, (12, 24)),
    ("rope-axial-ape", "vit_small_patch16_rope_ape_224", {}, (12, 24)),
    ("rope-mixed", "vit_small_patch16_rope_mixed_224", {}, (12, 24)),
    ("rope-mixed-ape", "vit_base_patch16_rope_mixed_ape_224", {}, (20, 12)),
    ("rope-registers", "vit_betwixt_patch16_rope_reg4_gap_256", {}, (12, 24)),
    ("rope-registers-no-bias", "vit_mediumd_patch16_rope_reg1_gap_256", {}, (20, 12)),
    ("dinov3", "vit_small_patch16_dinov3", dict(num_classes=0), (12, 24)),
    ("dinov3-token", "vit_small_patch16_dinov3_qkvb", dict(global_pool="token"), (20, 12)),
    ("dinov3-swiglu", "vit_small_plus_patch16_dinov3_qkvb", {}, (12, 24)),
    ("beit", "beit_base_patch16_224", {}, (16, 24)),
    ("beitv2", "beitv2_large_patch16_224", dict(num_classes=0), None),
    ("beit-shared", "beit_base_patch16_224", dict(use_rel_pos_bias=False, use_shared_rel_pos_bias=True), (24, 12)),
    ("beit-both-swiglu", "beit_base_patch16_224", dict(use_shared_rel_pos_bias=True, use_abs_pos_emb=True, swiglu_mlp=True, scale_mlp=True), (20, 20)),
    ("relpos", "vit_relpos_small_patch16_224", {}, (12, 24)),
    ("relpos-class", "vit_relpos_base_patch16_cls_224", {}, (20, 12)),
    ("relpos-clsgap", "vit_relpos_base_patch16_clsgap_224", {}, None),
    ("relpos-rpn", "vit_relpos_small_patch16_rpn_224", {}, (12, 24)),
    ("relpos-table", "vit_relpos_base_patch16_cls_224", dict(rel_pos_type="bias"), None),
    ("relpos-swin", "vit_relpos_medium_patch16_224", dict(rel_pos_type="mlp_swin"), (12, 24)),
    ("aimv2", "aimv2_large_patch14_224", {}, (12, 24)),
    ("aimv2-huge", "aimv2_huge_patch14_336", dict(num_classes=0), None),
    ("naflex-gap", "naflexvit_base_patch16_gap", dict(pos_embed_grid_size=(4, 4)), (12, 24)),
    ("naflex-map", "naflexvit_so150m2_patch16_reg1_map", dict(pos_embed_grid_size=(3, 5)), (20, 12)),
    ("naflex-siglip", "naflexvit_base_patch16_siglip", dict(pos_embed_grid_size=(4, 4), num_classes=0), (12, 24)),
    ("srelpos", "vit_srelpos_small_patch16_224", {}, (12, 24)),
]  # fmt: skip

# timm's Perception Encoder under the names of Meta's own files
PERCEPTION = [
    ("core", "vit_pe_core_base_patch16_224", dict(attn_pool_num_heads=8, embed_dim=128, mlp_ratio=1), (12, 24)),
    ("lang", "vit_pe_lang_large_patch14_448", dict(num_classes=0, embed_dim=128, mlp_ratio=1), (12, 24)),
    ("spatial", "vit_pe_spatial_base_patch16_512", dict(num_classes=0, embed_dim=128, mlp_ratio=1), (20, 12)),
]  # fmt: skip


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for name, entry, args, second in TIMM:
        name = f"timm-{name}"
        if wanted in name:
            write(name, entry, {**TINY, "num_classes": 5, **args}, second)
    for name, entry, args, second in PERCEPTION:
        name = f"official-pe-{name}"
        if wanted in name:
            write_perception(name, entry, {**TINY, "num_classes": 5, **args}, second)


def write(name, entry, args, second):
    timm = importlib.import_module("timm")
    seed = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    torch.manual_seed(seed)
    model = timm.create_model(entry, **args).eval()
    randomise(model, seed)
    config = config_of(model, entry, args)
    keep(name, model, (args["img_size"],) * 2, seed)
    directory = CASES / name
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_safetensors(directory / "model.safetensors", {k: v.detach() for k, v in model.state_dict().items()})
    if second is None:
        return
    if "naflex" in entry:
        return keep(f"{name}-resized", model, second, seed + 1, name)
    resized = timm.create_model(entry, **{**args, "img_size": second}).eval()
    module = importlib.import_module(type(model).__module__)
    state = model.state_dict()
    if hasattr(module, "checkpoint_filter_fn"):
        state = module.checkpoint_filter_fn(state, resized)
    resized.load_state_dict(state)
    keep(f"{name}-resized", resized, second, seed + 1, name)


def write_perception(name, entry, args, second):
    """No config: Meta's repositories have none. timm reads the file back, which shows that the names are right."""
    timm = importlib.import_module("timm")
    module = importlib.import_module("timm.models.eva")
    seed = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    args = {**args, "ref_feat_shape": (4, 4), "num_heads": args["embed_dim"] // 64}
    torch.manual_seed(seed)
    model = timm.create_model(entry, **args).eval()
    randomise(model, seed)
    if args["num_classes"]:
        model.head.bias.data.zero_()
    stored = perception_names(model.state_dict())
    read = module.checkpoint_filter_fn({k: v.clone() for k, v in stored.items()}, model)
    model.load_state_dict(read)
    keep(name, model, (args["img_size"],) * 2, seed)
    save_safetensors(CASES / name / "model.safetensors", {k: v.detach().contiguous() for k, v in stored.items()})
    if second is not None:
        resized = timm.create_model(entry, **{**args, "img_size": second}).eval()
        resized.load_state_dict(module.checkpoint_filter_fn(model.state_dict(), resized))
        keep(f"{name}-resized", resized, second, seed + 1, name)


def perception_names(state):
    """What timm's _convert_pe makes of Meta's names, undone."""
    swaps = [("patch_embed.proj", "conv1"), ("pos_embed", "positional_embedding"), ("cls_token", "class_embedding"), ("norm_pre", "ln_pre")]
    swaps += [("blocks.", "transformer.resblocks."), ("gamma_", "ls_"), ("attn.qkv.", "attn.in_proj_"), ("attn.proj", "attn.out_proj")]
    swaps += [("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"), (".norm1", ".ln_1"), (".norm2", ".ln_2")]
    pool = [("attn_pool.latent", "attn_pool.probe"), ("attn_pool.norm", "attn_pool.layernorm"), ("attn_pool.proj", "attn_pool.attn.out_proj")]
    pool += [("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")]
    named = {}
    for key, value in state.items():
        name = key
        for given, written in pool if key.startswith("attn_pool") else swaps:
            name = name.replace(given, written)
        if key.startswith("attn_pool.q."):
            name = key.replace("attn_pool.q.", "attn_pool.attn.in_proj_")
            value = torch.cat([value, state[key.replace(".q.", ".kv.")]])
        elif key.startswith("attn_pool.kv.") or key == "head.bias":
            continue
        elif key == "head.weight":
            name, value = "proj", value.T
        elif key.startswith("norm."):
            name = key.replace("norm.", "ln_post.")
        elif name.split(".")[-1] in ("ls_1", "ls_2"):
            name = f"{name}.gamma"
        elif key == "pos_embed":
            value = value[0]
        elif key == "cls_token":
            value = value[0, 0]
        named[f"visual.{name}"] = value
    return named


def config_of(model, entry, args):
    """As timm.models.push_to_hf_hub writes it."""
    given = {key: list(value) if isinstance(value, tuple) else value for key, value in args.items()}
    cfg = {key: list(value) if isinstance(value, tuple) else value for key, value in model.pretrained_cfg.items()}
    cfg = {key: cfg[key] for key in ("input_size", "interpolation", "crop_pct", "mean", "std") if cfg.get(key)}
    return {
        "architecture": entry,
        "num_classes": model.num_classes,
        "num_features": model.num_features,
        "global_pool": model.global_pool,
        "model_args": given,
        "pretrained_cfg": cfg,
    }


def keep(name, model, size, seed, stored=None):
    """Runs the model on a picture of that size and writes what it computed; `stored`: the case whose files it was made from."""
    maps, tokens = [], []
    blocks = model.blocks
    hooks = [b.attn.attn_drop.register_forward_pre_hook(lambda _, given: maps.append(given[0].detach().clone())) for b in blocks]
    hooks.append(blocks[0].register_forward_pre_hook(lambda _, given: tokens.append(given[0].detach().clone())))
    hooks += [b.register_forward_hook(lambda _, __, made: tokens.append(made.detach().clone())) for b in blocks]
    x = torch.randn((2 if stored is None else 1, 3, *size), generator=torch.Generator().manual_seed(seed + 1))
    with torch.no_grad():
        logits = model(x)
    for hook in hooks:
        hook.remove()
    directory = CASES / name
    directory.mkdir(parents=True, exist_ok=True)
    if stored is not None:
        (directory / "case.json").write_text(json.dumps({"model": stored, "input_size": list(size)}) + "\n")
    results = (("input", x), ("logits", logits), ("attention", torch.stack(maps, 1)), ("tokens", torch.stack(tokens, 1)))
    for key, value in results:
        np.save(directory / f"{key}.npy", value.numpy().astype(np.float32))
    peak = max(m.max().item() for m in maps)
    print(f"{name:34} N {tokens[0].shape[1]:4} logits {logits.abs().max():.3f} attention peak {peak:.2f}")


def randomise(model, seed):
    """Weights in which nothing is neutral: no bias, norm, scale or position can be forgotten unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda like, std: torch.randn(like.shape, generator=generator) * std
    with torch.no_grad():
        for name, p in model.named_parameters():
            leaf = name.split(".")[-1]
            if name == "rope.freqs":
                continue
            if "norm" in name and leaf == "weight":
                p.copy_(0.6 + 0.8 * torch.rand(p.shape, generator=generator))
            elif leaf in ("gamma", "gamma_1", "gamma_2"):
                p.copy_(0.3 + 0.7 * torch.rand(p.shape, generator=generator))
            elif "token" in leaf or leaf in ("pos_embed", "latent", "relative_position_bias_table"):
                p.copy_(normal(p, 0.6))
            elif p.dim() >= 2:
                gain = 1.4 if any(word in name for word in ("qkv", "q_proj", "k_proj")) else 0.9
                p.copy_(normal(p, gain / math.sqrt(p[0].numel())))
            else:
                p.copy_(normal(p, 0.2))


if __name__ == "__main__":
    main()
