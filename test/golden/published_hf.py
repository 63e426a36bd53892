"""
Writes cases of test/golden/cases by running published code itself: Hugging Face transformers, at the size of the model and at another one.

    PYTHONPATH=<the package> python3 test/golden/published_hf.py [part of a case's name]

Made with the modeling files of transformers 4.57.6 (and PyTorch 1.13, float32), eager attention. Small models with random weights, from fixed seeds.
"""
import importlib
import json
import math
import sys

import numpy as np
import torch

from reference.common import CASES, save_safetensors

torch.set_num_threads(1)

SMALL = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40, image_size=16, patch_size=4)
NAMES = {"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}
# name, module, configuration class, model class, prefix of a whole checkpoint, changes, classifies, the second size
CASE = [
    ("dinov3", "dinov3_vit", "DINOv3ViTConfig", "DINOv3ViTModel", dict(num_register_tokens=2), False, (12, 24)),
    ("dinov3-gated", "dinov3_vit", "DINOv3ViTConfig", "DINOv3ViTModel", dict(num_register_tokens=4, use_gated_mlp=True, hidden_act="silu", key_bias=True, rope_theta=50.0), False, (20, 12)),
    ("beit", "beit", "BeitConfig", "BeitForImageClassification", dict(use_relative_position_bias=True), True, (12, 24)),
    ("beit-shared", "beit", "BeitConfig", "BeitForImageClassification", dict(use_shared_relative_position_bias=True, use_mean_pooling=False, layer_scale_init_value=0), True, (24, 12)),
    ("beit-absolute", "beit", "BeitConfig", "BeitModel", dict(use_absolute_position_embeddings=True), False, (12, 24)),
    ("beit-wide", "beit", "BeitConfig", "BeitForImageClassification", dict(use_relative_position_bias=True, image_size=(12, 20)), True, (20, 20)),
    ("data2vec", "data2vec", "Data2VecVisionConfig", "Data2VecVisionForImageClassification", dict(use_relative_position_bias=True, use_shared_relative_position_bias=True), True, (12, 24)),
    ("ijepa", "ijepa", "IJepaConfig", "IJepaForImageClassification", {}, True, (12, 24)),
    ("mlcd", "mlcd", "MLCDVisionConfig", "MLCDVisionModel", {}, False, (12, 24)),
    ("siglip2", "siglip2", "Siglip2VisionConfig", "Siglip2VisionModel", dict(num_patches=16), False, (12, 24)),
    ("aimv2", "aimv2", "Aimv2VisionConfig", "Aimv2VisionModel", dict(hidden_act="silu"), False, None),
    ("aimv2-biases", "aimv2", "Aimv2VisionConfig", "Aimv2VisionModel", dict(qkv_bias=True, mlp_bias=True, rms_norm_eps=1e-3), False, None),
    ("aimv2-native", "aimv2", "Aimv2VisionConfig", "Aimv2VisionModel", dict(is_native=True), False, (12, 24)),
    ("yolos", "yolos", "YolosConfig", "YolosForObjectDetection", dict(num_detection_tokens=5, image_size=(12, 20)), False, (20, 12)),
    ("yolos-plain", "yolos", "YolosConfig", "YolosModel", dict(num_detection_tokens=3, use_mid_position_embeddings=False, image_size=(16, 16)), False, (12, 24)),
    ("owlvit", "owlvit", "OwlViTVisionConfig", "OwlViTVisionModel", {}, False, (12, 24)),
    ("blip", "blip", "BlipVisionConfig", "BlipVisionModel", {}, False, (12, 24)),
]  # fmt: skip


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for name, *rest in CASE:
        name = f"hf-published-{name}"
        if wanted in name:
            write(name, *rest)


def write(name, package, config_class, model_class, changes, classifies, second):
    seed = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    file = "data2vec_vision" if package == "data2vec" else package
    at = f"transformers.models.{package}"
    configuration = getattr(importlib.import_module(f"{at}.configuration_{file}"), config_class)
    modeling = importlib.import_module(f"{at}.modeling_{file}")
    fields = {**SMALL, **changes}
    if package == "siglip2":
        del fields["image_size"]
    config = configuration(**fields, num_labels=3)
    config._attn_implementation = "eager"
    # The tower of a pair takes the configuration of the tower alone.
    model = getattr(modeling, model_class)(config).eval()
    randomise(model, seed)
    written = {"architectures": [model_class], "model_type": configuration.model_type, **fields, **(NAMES if classifies else {})}
    eps = "rms_norm_eps" if package == "aimv2" else "layer_norm_eps"
    written[eps] = getattr(config, eps)
    size = fields.get("image_size", 16)
    size = tuple(size) if isinstance(size, tuple) else (size, size)
    keep(name, model, size, seed, fields["patch_size"])
    directory = CASES / name
    (directory / "config.json").write_text(json.dumps(written, indent=2) + "\n")
    save_safetensors(directory / "model.safetensors", {k: v.detach() for k, v in model.state_dict().items()})
    if second is not None:
        keep(f"{name}-resized", model, second, seed + 1, fields["patch_size"], name)


def keep(name, model, size, seed, patch, stored=None):
    """Runs the model on a picture of that size and writes what it computed; `stored`: the case whose files it was made from."""
    maps, tokens, blocks = [], [], blocks_of(model)
    hooks = [attention_of(b).register_forward_hook(lambda _, __, made: maps.append(made[1].detach().clone())) for b in blocks]
    # What enters a block is what its first norm reads.
    for block in blocks:
        norm = next(m for n, m in block.named_modules() if n in ("norm1", "rms_norm1", "layer_norm1", "layernorm_before"))
        hooks.append(norm.register_forward_pre_hook(lambda _, given: tokens.append(given[0].detach().clone())))
    first = lambda made: made[0] if isinstance(made, tuple) else made
    hooks.append(blocks[-1].register_forward_hook(lambda _, __, made: tokens.append(first(made).detach().clone())))
    x = torch.randn((2 if stored is None else 1, 3, *size), generator=torch.Generator().manual_seed(seed + 1))
    with torch.no_grad():
        made = run(model, x, patch, stored is not None)
    for hook in hooks:
        hook.remove()
    result = getattr(made, "logits", None)
    # The backbone of a detector: what its class token has become, which its pooler is put on.
    result = made.last_hidden_state[:, 0] if type(model).__name__.startswith("Yolos") else made.pooler_output if result is None else result
    directory = CASES / name
    directory.mkdir(parents=True, exist_ok=True)
    if stored is not None:
        (directory / "case.json").write_text(json.dumps({"model": stored, "input_size": list(size)}) + "\n")
    results = (("input", x), ("logits", result), ("attention", torch.stack(maps, 1)), ("tokens", torch.stack(tokens, 1)))
    for key, value in results:
        np.save(directory / f"{key}.npy", value.numpy().astype(np.float32))
    peak = max(m.max().item() for m in maps)
    print(f"{name:34} N {tokens[0].shape[1]:4} result {tuple(result.shape)} {result.abs().max():.3f} attention peak {peak:.2f}")


def run(model, x, patch, resized):
    kind = type(model).__name__
    if kind.startswith("Siglip2"):
        # As image_processing_siglip2.convert_image_to_patches: rows of patches, each with its channels last.
        b, c, h, w = x.shape
        grid = (h // patch, w // patch)
        flat = x.reshape(b, c, grid[0], patch, grid[1], patch).permute(0, 2, 4, 3, 5, 1).reshape(b, grid[0] * grid[1], -1)
        return model.vision_model(flat, None, torch.tensor([grid] * b))
    if kind.startswith(("DINOv3", "MLCD", "Aimv2", "Yolos")):
        return model(x)
    # BEiT resamples its biases by itself; its switch is for absolute positions and stretches whole maps.
    if kind.startswith(("Beit", "Data2Vec")):
        absolute = model.config.use_absolute_position_embeddings
        return model(x, return_dict=True, **(dict(interpolate_pos_encoding=True) if resized and absolute else {}))
    return model(x, interpolate_pos_encoding=resized)


def blocks_of(model):
    lists = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == model.config.num_hidden_layers]
    return lists[0]


def attention_of(block):
    attention = getattr(block, "self_attn", None) or block.attention
    return getattr(attention, "attention", attention)


def randomise(model, seed):
    """Weights in which nothing is neutral: no bias, norm, scale or position can be forgotten unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda like, std: torch.randn(like.shape, generator=generator) * std
    with torch.no_grad():
        for name, p in model.named_parameters():
            leaf = name.split(".")[-1]
            if "norm" in name and leaf == "weight":
                p.copy_(0.6 + 0.8 * torch.rand(p.shape, generator=generator))
            elif leaf in ("lambda1", "lambda_1", "lambda_2"):
                p.copy_(0.3 + 0.7 * torch.rand(p.shape, generator=generator))
            elif "token" in leaf or "position" in name or leaf in ("probe", "class_embedding", "class_pos_emb"):
                p.copy_(normal(p, 0.6))
            elif p.dim() >= 2:
                gain = 1.4 if any(word in name for word in ("query", "key", "q_proj", "k_proj", "qkv", "in_proj")) else 0.9
                p.copy_(normal(p, gain / math.sqrt(p[0].numel())))
            else:
                p.copy_(normal(p, 0.2))


if __name__ == "__main__":
    main()
