"""Writing a reference case: random weights in which nothing is neutral by accident, one forward pass, the arrays it leaves."""
import json
import math
import pathlib
import struct

import numpy as np
import torch
from torch import nn

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight; torch.nn.RMSNorm is younger than the torch this runs on."""

    def __init__(self, dim, eps=torch.finfo(torch.float32).eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {
    "gelu": nn.functional.gelu,
    "gelu_tanh": gelu_tanh,
    "quick_gelu": quick_gelu,
    "silu": nn.functional.silu,
    "relu": nn.functional.relu,
}


def attend(q, k, v, scale):
    """softmax(scale Q K^T) V over (B, h, N, hd); returns the product and the map."""
    attention = ((q * scale) @ k.transpose(-2, -1)).softmax(-1)
    return attention @ v, attention


def randomise(model, seed):
    """Weights for which attention is not uniform and no bias, norm or layer scale can be forgotten unnoticed."""
    generator = torch.Generator().manual_seed(seed)

    def normal(like, std):
        return torch.randn(like.shape, generator=generator) * std

    norms = {
        id(p) for m in model.modules() if isinstance(m, (nn.LayerNorm, RMSNorm)) for p in [m.weight]
    }
    with torch.no_grad():
        for name, p in model.named_parameters():
            leaf = name.split(".")[-1]
            if getattr(p, "keep", False):
                continue
            if id(p) in norms:
                p.copy_(0.6 + 0.8 * torch.rand(p.shape, generator=generator))
            elif leaf in ("gamma", "lambda1"):
                p.copy_(0.3 + 0.7 * torch.rand(p.shape, generator=generator))
            elif "token" in leaf or "pos_embed" in leaf or "position" in name or leaf in ("latent", "probe", "class_embedding"):
                p.copy_(normal(p, 0.6))
            elif p.dim() >= 2:
                # Queries and keys a little larger: otherwise every row of attention is nearly flat.
                gain = 1.4 if any(word in name for word in ("qkv", "query", "key", "q_proj", "k_proj", "in_proj")) else 0.9
                p.copy_(normal(p, gain / math.sqrt(p[0].numel())))
            else:
                p.copy_(normal(p, 0.2))


def shrink(model, factor):
    """Small tokens: their variance comes near the norms' eps, so that a wrong eps shows."""
    words = ("patch_embed", "projection", "conv_proj", "token", "pos_embed", "position", "class_embedding")
    with torch.no_grad():
        for name, p in model.named_parameters():
            # The articles' positions are sines, so theirs is the picture alone, which the first token transformer normalises.
            if name.startswith(("tokens_to_token", "vit_backbone")):
                continue
            if any(word in name for word in words) and "attention" not in name and not getattr(p, "keep", False):
                p.mul_(factor)


def save_safetensors(path, tensors):
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in tensors.items():
        kind = next(key for key, value in DTYPES.items() if value == tensor.dtype)
        raw = (tensor.view(torch.int16) if kind == "BF16" else tensor).contiguous().numpy().tobytes()
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        blobs.append(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_case(name, model, config, size, batch=1, dtype="F32", seed=None, processor=None, case=None, extra=None, small=1.0):
    """
    model(x) -> logits (B, classes), [maps (B, h, N, N)], [tokens (B, N, D)], depth and depth + 1 of them.
    `size`: (C, H, W). `extra`: tensors a real file has beside the ones the forward pass uses. `case`: how the test is to open it.
    `small`: a factor on the picture and on what makes tokens of it.
    """
    seed = seed if seed is not None else sum(ord(c) * (i + 1) for i, c in enumerate(name))
    randomise(model, seed)
    shrink(model, small)
    kind = DTYPES[dtype]
    state = {key: value.detach().to(kind) for key, value in model.state_dict().items()}
    model.load_state_dict({key: value.float() for key, value in state.items()})
    model.eval()
    x = torch.randn((batch, *size), generator=torch.Generator().manual_seed(seed + 1)) * (small if small < 1 else 1)
    with torch.no_grad():
        logits, maps, tokens = model(x)
        # The oracle of the oracle: float64 says how far float32 itself may stray.
        exact = model.double()(x.double())
        drift = (exact[0] - logits).abs().max().item()
        model.float()
    directory = CASES / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if processor:
        (directory / "preprocessor_config.json").write_text(json.dumps(processor, indent=2) + "\n")
    if case:
        (directory / "case.json").write_text(json.dumps(case) + "\n")
    save_safetensors(directory / "model.safetensors", {**state, **(extra or {})})
    for key, value in (
        ("input", x),
        ("logits", logits),
        ("attention", torch.stack(maps, 1)),
        ("tokens", torch.stack(tokens, 1)),
    ):
        np.save(directory / f"{key}.npy", value.numpy().astype(np.float32))
    peak = max(m.max().item() for m in maps)
    print(f"{name:34} N {tokens[0].shape[1]:4} logits {logits.abs().max():.3f} float32 drift {drift:.1e} attention peak {peak:.2f}")
