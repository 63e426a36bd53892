"""
A plain reading of timm's VisionTransformer (timm/models/vision_transformer.py) and VisionTransformerDistilled (deit.py),
with their parameter names; attention spelt out so that its map can be kept.
"""
import math

import torch
from torch import nn

from .common import ACTIVATIONS, RMSNorm, attend


class Attention(nn.Module):
    def __init__(self, dim, heads, norm, qkv_bias, proj_bias, qk_norm, scale_norm):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.q_norm = norm(dim // heads) if qk_norm else nn.Identity()
        self.k_norm = norm(dim // heads) if qk_norm else nn.Identity()
        self.norm = norm(dim) if scale_norm else nn.Identity()
        self.proj = nn.Linear(dim, dim, bias=proj_bias)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        out, self.map = attend(self.q_norm(q), self.k_norm(k), v, (d // self.heads) ** -0.5)
        return self.proj(self.norm(out.transpose(1, 2).reshape(b, n, d)))


class Mlp(nn.Module):
    """Mlp, GluMlp (gate last), SwiGLUPacked (gate first) by `kind`."""

    def __init__(self, dim, hidden, act, norm, bias, kind, scale_norm):
        super().__init__()
        gated = kind != "Mlp"
        self.kind, self.act = kind, ACTIVATIONS[act]
        self.fc1 = nn.Linear(dim, hidden, bias=bias)
        self.norm = norm(hidden // 2 if gated else hidden) if scale_norm else nn.Identity()
        self.fc2 = nn.Linear(hidden // 2 if gated else hidden, dim, bias=bias)

    def forward(self, x):
        x = self.fc1(x)
        if self.kind == "Mlp":
            x = self.act(x)
        else:
            a, b = x.chunk(2, -1)
            x = a * self.act(b) if self.kind == "GluMlp" else self.act(a) * b
        return self.fc2(self.norm(x))


class SwiGLU(nn.Module):
    def __init__(self, dim, hidden, act, norm, bias, scale_norm):
        super().__init__()
        self.act = ACTIVATIONS[act]
        self.fc1_g = nn.Linear(dim, hidden, bias=bias)
        self.fc1_x = nn.Linear(dim, hidden, bias=bias)
        self.norm = norm(hidden) if scale_norm else nn.Identity()
        self.fc2 = nn.Linear(hidden, dim, bias=bias)

    def forward(self, x):
        return self.fc2(self.norm(self.act(self.fc1_g(x)) * self.fc1_x(x)))


class LayerScale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * self.gamma


class Parts:
    """Makes the parts of one block from the model's switches."""

    def __init__(self, a, norm):
        self.a, self.norm, self.dim = a, norm, a["embed_dim"]
        self.hidden = int(self.dim * a.get("mlp_ratio", 4.0))

    def attention(self):
        a = self.a
        return Attention(
            self.dim, a["num_heads"], self.norm, a.get("qkv_bias", True), a.get("proj_bias", True),
            a.get("qk_norm", False), a.get("scale_attn_norm", False),
        )  # fmt: skip

    def mlp(self):
        a, kind = self.a, self.a.get("mlp_layer", "Mlp")
        act = a.get("act_layer", "gelu")  # Block hands its own on, whatever the MLP is
        rest = (act, self.norm, a.get("proj_bias", True))
        scale = a.get("scale_mlp_norm", False)
        if kind == "SwiGLU":
            return SwiGLU(self.dim, self.hidden, *rest, scale)
        return Mlp(self.dim, self.hidden, *rest, kind, scale)

    def scale(self):
        return LayerScale(self.dim) if self.a.get("init_values") else nn.Identity()


class Block(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.norm1, self.attn, self.ls1 = p.norm(p.dim), p.attention(), p.scale()
        self.norm2, self.mlp, self.ls2 = p.norm(p.dim), p.mlp(), p.scale()

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        self.map = self.attn.map
        return x + self.ls2(self.mlp(self.norm2(x)))


class ResPostBlock(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.attn, self.norm1 = p.attention(), p.norm(p.dim)
        self.mlp, self.norm2 = p.mlp(), p.norm(p.dim)

    def forward(self, x):
        x = x + self.norm1(self.attn(x))
        self.map = self.attn.map
        return x + self.norm2(self.mlp(x))


class ParallelThingsBlock(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.attns, self.ffns = nn.ModuleList(), nn.ModuleList()
        for _ in range(p.a.get("num_parallel", 2)):
            self.attns.append(nn.ModuleDict({"norm": p.norm(p.dim), "attn": p.attention(), "ls": p.scale()}))
            self.ffns.append(nn.ModuleDict({"norm": p.norm(p.dim), "mlp": p.mlp(), "ls": p.scale()}))

    def forward(self, x):
        x = x + sum(m["ls"](m["attn"](m["norm"](x))) for m in self.attns)
        # One map for a layer: the mean over the branches.
        self.map = torch.stack([m["attn"].map for m in self.attns]).mean(0)
        return x + sum(m["ls"](m["mlp"](m["norm"](x))) for m in self.ffns)


class ParallelScalingBlock(nn.Module):
    """Attention and MLP side by side behind one projection (ViT-22B, arXiv:2302.05442)."""

    def __init__(self, p):
        super().__init__()
        d, a = p.dim, p.a
        bias = a.get("qkv_bias", True)
        self.heads, self.split = a["num_heads"], [p.hidden, d, d, d]
        self.in_norm = p.norm(d)
        self.in_proj = nn.Linear(d, p.hidden + 3 * d, bias=bias)
        self.mlp_bias = None if bias else nn.Parameter(torch.zeros(p.hidden))
        self.q_norm = p.norm(d // self.heads) if a.get("qk_norm") else nn.Identity()
        self.k_norm = p.norm(d // self.heads) if a.get("qk_norm") else nn.Identity()
        self.act = ACTIVATIONS[a.get("act_layer", "gelu")]
        self.attn_out_proj = nn.Linear(d, d, bias=a.get("proj_bias", True))
        self.mlp_out_proj = nn.Linear(p.hidden, d, bias=a.get("proj_bias", True))
        self.ls = p.scale()

    def forward(self, x):
        b, n, d = x.shape
        x_in = self.in_proj(self.in_norm(x))
        if self.mlp_bias is not None:
            # The MLP's rows come first; timm since 1.0.25 (before, the bias reached the wrong rows).
            x_in = x_in + torch.cat((self.mlp_bias, torch.zeros(3 * d)))
        hidden, q, k, v = x_in.split(self.split, -1)
        q, k, v = (t.reshape(b, n, self.heads, -1) for t in (q, k, v))
        q, k = self.q_norm(q), self.k_norm(k)
        out, self.map = attend(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), (d // self.heads) ** -0.5)
        y = self.attn_out_proj(out.transpose(1, 2).reshape(b, n, d)) + self.mlp_out_proj(self.act(hidden))
        return x + self.ls(y)


class AttentionPoolLatent(nn.Module):
    def __init__(self, p):
        super().__init__()
        d = p.dim
        self.heads = p.a["num_heads"]
        self.latent = nn.Parameter(torch.zeros(1, 1, d))
        self.q, self.kv, self.proj = nn.Linear(d, d), nn.Linear(d, 2 * d), nn.Linear(d, d)
        self.norm = p.norm(d)
        self.mlp = Mlp(d, p.hidden, p.a.get("act_layer", "gelu"), p.norm, True, "Mlp", False)

    def forward(self, x):
        b, n, d = x.shape
        q = self.q(self.latent.expand(b, -1, -1)).reshape(b, 1, self.heads, -1).transpose(1, 2)
        k, v = self.kv(x).reshape(b, n, 2, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x, _ = attend(q, k, v, (d // self.heads) ** -0.5)
        x = self.proj(x.transpose(1, 2).reshape(b, 1, d))
        return (x + self.mlp(self.norm(x)))[:, 0]


class PatchEmbed(nn.Module):
    def __init__(self, channels, dim, patch, bias):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, patch, bias=bias)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


BLOCKS = {c.__name__: c for c in (Block, ResPostBlock, ParallelThingsBlock, ParallelScalingBlock)}


class VisionTransformer(nn.Module):
    """`a`: the constructor's arguments by name. `resize_to`: run at another input size than the table's (set_input_size)."""

    def __init__(self, resize_to=None, eps=1e-6, **a):
        super().__init__()
        d, pool = a["embed_dim"], a.get("global_pool", "token")
        norm = RMSNorm if a.get("norm_layer") == "rmsnorm" else nn.LayerNorm
        p = Parts(a, lambda n: norm(n, eps=eps))
        pair = lambda v: (v, v) if isinstance(v, int) else tuple(v)
        self.pool_type, self.bare = pool, a.get("no_embed_class", False)
        self.include_prefix = a.get("pool_include_prefix", False)
        self.patch, image = pair(a["patch_size"]), pair(a["img_size"])
        self.grid = (image[0] // self.patch[0], image[1] // self.patch[1])
        self.new_grid = self.grid if resize_to is None else tuple(s // p for s, p in zip(resize_to, self.patch))
        cls, registers, self.distilled = a.get("class_token", True), a.get("reg_tokens", 0), a.get("distilled", False)
        self.prefix = int(cls) + registers + int(self.distilled)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, d)) if cls else None
        self.dist_token = nn.Parameter(torch.zeros(1, 1, d)) if self.distilled else None
        self.reg_token = nn.Parameter(torch.zeros(1, registers, d)) if registers else None
        rows = self.grid[0] * self.grid[1] + (0 if self.bare else self.prefix)
        self.pos_embed = None if a.get("pos_embed") == "none" else nn.Parameter(torch.zeros(1, rows, d))
        self.patch_embed = PatchEmbed(a.get("in_chans", 3), d, self.patch, not a.get("pre_norm", False))
        self.norm_pre = p.norm(d) if a.get("pre_norm") else nn.Identity()
        self.blocks = nn.ModuleList(BLOCKS[a.get("block_fn", "Block")](p) for _ in range(a["depth"]))
        fc_norm = a.get("fc_norm")
        fc_norm = pool in ("avg", "avgmax", "max") if fc_norm is None else fc_norm
        final = a.get("final_norm", True)
        self.norm = p.norm(d) if final and not fc_norm else nn.Identity()
        self.fc_norm = p.norm(d) if final and fc_norm else nn.Identity()
        self.attn_pool = AttentionPoolLatent(p) if pool == "map" else None
        classes = a["num_classes"]
        self.head = nn.Linear(d, classes) if classes else nn.Identity()
        self.head_dist = nn.Linear(d, classes) if self.distilled else None

    def positions(self):
        table, n = self.pos_embed, 0 if self.bare else self.prefix
        if self.new_grid == self.grid:
            return table
        grid = table[:, n:].reshape(1, *self.grid, -1).permute(0, 3, 1, 2)
        # Computed in float32 whatever the rest is, as torch has no other antialiased bicubic and timm says .float().
        grid = nn.functional.interpolate(grid.float(), size=self.new_grid, mode="bicubic", antialias=True).to(table.dtype)
        return torch.cat([table[:, :n], grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)

    def pool(self, x):
        if self.pool_type in ("", "token"):
            return x[:, 0] if self.pool_type else x
        x = x if self.include_prefix else x[:, self.prefix :]
        if self.attn_pool is not None:
            return self.attn_pool(x)
        avg, top = x.mean(1), x.amax(1)
        return {"avg": avg, "max": top, "avgmax": 0.5 * (avg + top)}[self.pool_type]

    def forward(self, x):
        x = self.patch_embed(x)
        if self.pos_embed is not None and self.bare:
            x = x + self.positions()
        prefix = [t.expand(len(x), -1, -1) for t in (self.cls_token, self.dist_token, self.reg_token) if t is not None]
        x = torch.cat([*prefix, x], 1)
        if self.pos_embed is not None and not self.bare:
            x = x + self.positions()
        x = self.norm_pre(x)
        tokens, maps = [x], []
        for block in self.blocks:
            x = block(x)
            tokens.append(x)
            maps.append(block.map)
        x = self.norm(x)
        if self.distilled:
            logits = (self.head(x[:, 0]) + self.head_dist(x[:, 1])) / 2
        else:
            logits = self.head(self.fc_norm(self.pool(x)))
        return logits, maps, tokens


def config(args, architecture="vit_golden"):
    """config.json as timm.models.save_for_hf writes it."""
    pair = args["img_size"] if isinstance(args["img_size"], (list, tuple)) else [args["img_size"]] * 2
    known = {k: v for k, v in args.items() if k not in ("num_classes",)}
    return {
        "architecture": architecture,
        "num_classes": args["num_classes"],
        "num_features": args["embed_dim"],
        "global_pool": args.get("global_pool", "token"),
        "model_args": known,
        "pretrained_cfg": {
            "input_size": [args.get("in_chans", 3), *pair],
            "interpolation": "bicubic",
            "crop_pct": 0.9,
            "crop_mode": "center",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": args["num_classes"],
        },
    }
