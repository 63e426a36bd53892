"""
Hugging Face's ViT, DeiT, DINOv2 (with registers), CLIP and SigLIP vision models, read from transformers'
modeling_*.py: their parameter names, their order of operations.
"""
import torch
from torch import nn

from .common import ACTIVATIONS, attend

ACT = {"gelu": "gelu", "quick_gelu": "quick_gelu", "gelu_pytorch_tanh": "gelu_tanh"}


def tree(**modules):
    return nn.ModuleDict(modules)


def heads_of(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def resample(table, prefix, size, antialias):
    """interpolate_pos_encoding: the trained grid is square; bicubic, align_corners False."""
    grid = table[:, prefix:]
    side = round(grid.shape[1] ** 0.5)
    if (side, side) == tuple(size):
        return table
    grid = grid.reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
    grid = nn.functional.interpolate(grid, size=tuple(size), mode="bicubic", align_corners=False, antialias=antialias)
    return torch.cat([table[:, :prefix], grid.to(table.dtype).permute(0, 2, 3, 1).flatten(1, 2)], 1)


class VitLayer(nn.Module):
    """ViTLayer, and with `dinov2` Dinov2Layer: layer scale, other names, maybe SwiGLU."""

    def __init__(self, c, dinov2):
        super().__init__()
        d, self.heads, self.dinov2, self.act = c["hidden_size"], c["num_attention_heads"], dinov2, ACTIVATIONS[ACT[c["hidden_act"]]]
        eps, bias = c["layer_norm_eps"], c.get("qkv_bias", True)
        projections = tree(**{n: nn.Linear(d, d, bias=bias) for n in ("query", "key", "value")})
        self.attention = tree(attention=projections, output=tree(dense=nn.Linear(d, d)))
        if not dinov2:
            self.intermediate = tree(dense=nn.Linear(d, c["intermediate_size"]))
            self.output = tree(dense=nn.Linear(c["intermediate_size"], d))
            self.layernorm_before, self.layernorm_after = nn.LayerNorm(d, eps), nn.LayerNorm(d, eps)
            return
        self.norm1, self.norm2 = nn.LayerNorm(d, eps), nn.LayerNorm(d, eps)
        self.layer_scale1, self.layer_scale2 = Scale(d), Scale(d)
        hidden = int(d * c["mlp_ratio"])
        if c.get("use_swiglu_ffn"):
            hidden = (int(hidden * 2 / 3) + 7) // 8 * 8
            self.mlp = tree(weights_in=nn.Linear(d, 2 * hidden), weights_out=nn.Linear(hidden, d))
        else:
            self.mlp = tree(fc1=nn.Linear(d, hidden), fc2=nn.Linear(hidden, d))

    def attend(self, x):
        a = self.attention["attention"]
        q, k, v = (heads_of(a[n](x), self.heads) for n in ("query", "key", "value"))
        out, self.map = attend(q, k, v, q.shape[-1] ** -0.5)
        return self.attention["output"]["dense"](out.transpose(1, 2).flatten(2))

    def forward(self, x):
        if not self.dinov2:
            x = x + self.attend(self.layernorm_before(x))
            return x + self.output["dense"](self.act(self.intermediate["dense"](self.layernorm_after(x))))
        x = x + self.layer_scale1(self.attend(self.norm1(x)))
        y, m = self.norm2(x), self.mlp
        if "weights_in" in m:
            a, b = m["weights_in"](y).chunk(2, -1)
            y = m["weights_out"](nn.functional.silu(a) * b)
        else:
            y = m["fc2"](self.act(m["fc1"](y)))
        return x + self.layer_scale2(y)


class Scale(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.lambda1 = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * self.lambda1


class VitEmbeddings(nn.Module):
    def __init__(self, c, size):
        super().__init__()
        d, p = c["hidden_size"], c["patch_size"]
        image = c["image_size"]
        h, w = (image, image) if isinstance(image, int) else image
        kind = c["model_type"]
        self.grid, self.antialias = (size[0] // p, size[1] // p), kind == "dinov2_with_registers"
        self.cls_token = nn.Parameter(torch.zeros(1, 1, d))
        self.distillation_token = nn.Parameter(torch.zeros(1, 1, d)) if kind == "deit" else None
        registers = c.get("num_register_tokens", 0)
        self.register_tokens = nn.Parameter(torch.zeros(1, registers, d)) if registers else None
        self.prefix = 2 if kind == "deit" else 1
        self.position_embeddings = nn.Parameter(torch.zeros(1, (h // p) * (w // p) + self.prefix, d))
        self.patch_embeddings = tree(projection=nn.Conv2d(c["num_channels"], d, p, p))
        self.resized = (h // p, w // p) != self.grid

    def forward(self, x):
        x = self.patch_embeddings["projection"](x).flatten(2).transpose(1, 2)
        tokens = [t.expand(len(x), -1, -1) for t in (self.cls_token, self.distillation_token) if t is not None]
        table = self.position_embeddings
        x = torch.cat([*tokens, x], 1) + (resample(table, self.prefix, self.grid, self.antialias) if self.resized else table)
        if self.register_tokens is None:
            return x
        return torch.cat([x[:, :1], self.register_tokens.expand(len(x), -1, -1), x[:, 1:]], 1)


class VitBase(nn.Module):
    def __init__(self, c, size):
        super().__init__()
        self.embeddings = VitEmbeddings(c, size)
        dinov2 = c["model_type"].startswith("dinov2")
        self.encoder = tree(layer=nn.ModuleList(VitLayer(c, dinov2) for _ in range(c["num_hidden_layers"])))
        self.layernorm = nn.LayerNorm(c["hidden_size"], c["layer_norm_eps"])

    def forward(self, x):
        x = self.embeddings(x)
        tokens, maps = [x], []
        for layer in self.encoder["layer"]:
            x = layer(x)
            tokens.append(x)
            maps.append(layer.map)
        return self.layernorm(x), maps, tokens


class VitFamily(nn.Module):
    """*ForImageClassification, DeiTForImageClassificationWithTeacher, or with no labels the bare *Model's class token."""

    def __init__(self, c, size, labels, teacher=False):
        super().__init__()
        self.kind, self.teacher, d = c["model_type"], teacher, c["hidden_size"]
        self.registers = c.get("num_register_tokens", 0)
        base = VitBase(c, size)
        # A bare model has no attribute before its names.
        self.bare = labels == 0
        if self.bare:
            self.embeddings, self.encoder, self.layernorm = base.embeddings, base.encoder, base.layernorm
        else:
            setattr(self, self.kind, base)
        if teacher:
            self.cls_classifier, self.distillation_classifier = nn.Linear(d, labels), nn.Linear(d, labels)
        elif labels:
            self.classifier = nn.Linear(2 * d if self.kind.startswith("dinov2") else d, labels)

    def forward(self, x):
        x, maps, tokens = VitBase.forward(self, x) if self.bare else getattr(self, self.kind)(x)
        if self.bare:
            return x[:, 0], maps, tokens
        if self.teacher:
            return (self.cls_classifier(x[:, 0]) + self.distillation_classifier(x[:, 1])) / 2, maps, tokens
        if self.kind.startswith("dinov2"):
            patches = x[:, 1 + self.registers :]
            return self.classifier(torch.cat([x[:, 0], patches.mean(1)], 1)), maps, tokens
        return self.classifier(x[:, 0]), maps, tokens


class TowerLayer(nn.Module):
    """CLIPEncoderLayer, SiglipEncoderLayer."""

    def __init__(self, c):
        super().__init__()
        d, self.heads, self.act = c["hidden_size"], c["num_attention_heads"], ACTIVATIONS[ACT[c["hidden_act"]]]
        self.self_attn = tree(**{n: nn.Linear(d, d) for n in ("k_proj", "v_proj", "q_proj", "out_proj")})
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(d, c["layer_norm_eps"]), nn.LayerNorm(d, c["layer_norm_eps"])
        self.mlp = tree(fc1=nn.Linear(d, c["intermediate_size"]), fc2=nn.Linear(c["intermediate_size"], d))

    def forward(self, x):
        a, y = self.self_attn, self.layer_norm1(x)
        q, k, v = (heads_of(a[n](y), self.heads) for n in ("q_proj", "k_proj", "v_proj"))
        out, self.map = attend(q, k, v, q.shape[-1] ** -0.5)
        x = x + a["out_proj"](out.transpose(1, 2).flatten(2))
        return x + self.mlp["fc2"](self.act(self.mlp["fc1"](self.layer_norm2(x))))


class TowerEmbeddings(nn.Module):
    def __init__(self, c, clip, size):
        super().__init__()
        d, p = c["hidden_size"], c["patch_size"]
        side = c["image_size"] // p
        self.prefix, self.grid, self.resized = int(clip), (size[0] // p, size[1] // p), (side, side) != (size[0] // p, size[1] // p)
        if clip:
            self.class_embedding = nn.Parameter(torch.zeros(d))
        self.patch_embedding = nn.Conv2d(c["num_channels"], d, p, p, bias=not clip)
        self.position_embedding = nn.Embedding(side * side + self.prefix, d)

    def forward(self, x):
        x = self.patch_embedding(x).flatten(2).transpose(1, 2)
        if self.prefix:
            x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], 1)
        table = self.position_embedding.weight[None]
        return x + (resample(table, self.prefix, self.grid, False) if self.resized else table)


class PoolingHead(nn.Module):
    """SiglipMultiheadAttentionPoolingHead; torch's own MultiheadAttention does the attention."""

    def __init__(self, c):
        super().__init__()
        d = c["hidden_size"]
        self.act = ACTIVATIONS[ACT[c["hidden_act"]]]
        self.probe = nn.Parameter(torch.zeros(1, 1, d))
        self.attention = nn.MultiheadAttention(d, c["num_attention_heads"], batch_first=True)
        self.layernorm = nn.LayerNorm(d, c["layer_norm_eps"])
        self.mlp = tree(fc1=nn.Linear(d, c["intermediate_size"]), fc2=nn.Linear(c["intermediate_size"], d))

    def forward(self, x):
        y = self.attention(self.probe.expand(len(x), -1, -1), x, x)[0]
        return (y + self.mlp["fc2"](self.act(self.mlp["fc1"](self.layernorm(y)))))[:, 0]


class Tower(nn.Module):
    def __init__(self, c, clip, size, head):
        super().__init__()
        self.clip = clip
        self.embeddings = TowerEmbeddings(c, clip, size)
        if clip:
            self.pre_layrnorm = nn.LayerNorm(c["hidden_size"], c["layer_norm_eps"])
        self.encoder = tree(layers=nn.ModuleList(TowerLayer(c) for _ in range(c["num_hidden_layers"])))
        self.post_layernorm = nn.LayerNorm(c["hidden_size"], c["layer_norm_eps"])
        if head:
            self.head = PoolingHead(c)


class TowerFamily(nn.Module):
    """CLIPVisionModel, SiglipVisionModel, and their ForImageClassification (which average the patch tokens)."""

    def __init__(self, c, size, labels=0):
        super().__init__()
        self.clip = c["model_type"].startswith("clip")
        self.labels = labels
        self.vision_model = Tower(c, self.clip, size, head=not self.clip)
        if labels:
            self.classifier = nn.Linear(c["hidden_size"], labels)

    def forward(self, x):
        m = self.vision_model
        x = m.embeddings(x)
        if self.clip:
            x = m.pre_layrnorm(x)
        tokens, maps = [x], []
        for layer in m.encoder["layers"]:
            x = layer(x)
            tokens.append(x)
            maps.append(layer.map)
        if self.clip:
            logits = self.classifier(x[:, 1:].mean(1)) if self.labels else m.post_layernorm(x[:, 0])
        else:
            x = m.post_layernorm(x)
            logits = self.classifier(x.mean(1)) if self.labels else m.head(x)
        return logits, maps, tokens
