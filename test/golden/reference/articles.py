"""
ViT_Model and T2T_ViT of "Vision Transformers, Explained" (lanl/vision_transformers_explained, modules/), and the official
T2T-ViT with Transformer token stages (yitu-opensource/T2T-ViT), written out with their parameter names.
"""
import numpy as np
import torch
from torch import nn

from .common import RMSNorm, attend, write_case

NORMS = {"LayerNorm": nn.LayerNorm, "RMSNorm": RMSNorm, "Identity": lambda _: nn.Identity()}


def sinusoid(tokens, length):
    position, column = np.arange(tokens)[:, None], np.arange(length)[None]
    angle = position / np.power(10000, 2 * (column // 2) / length)
    angle[:, 0::2], angle[:, 1::2] = np.sin(angle[:, 0::2]), np.cos(angle[:, 1::2])
    table = nn.Parameter(torch.tensor(angle, dtype=torch.float32)[None], requires_grad=False)
    table.keep = True
    return table


class Attention(nn.Module):
    """`scale_dim`: official token stages scale by the incoming length. `skip`: V is added after the projection."""

    def __init__(self, dim, chan, heads, qkv_bias, qk_scale, skip, scale_dim=None):
        super().__init__()
        self.heads, self.skip = heads, skip
        self.scale = qk_scale or ((scale_dim or chan) // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(dim, 3 * chan, bias=qkv_bias), nn.Linear(chan, chan)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        out, self.map = attend(q, k, v, self.scale)
        out = self.proj(out.transpose(1, 2).reshape(b, n, -1))
        return out + v.transpose(1, 2).reshape(b, n, -1) if self.skip else out


class Layer(nn.Module):
    """Encoding, TokenTransformer (`residual` off: the tokens change their length), and the official ones (`mlp` for `neuralnet`)."""

    def __init__(self, dim, chan, a, multiple, official=False, residual=True):
        super().__init__()
        norm = NORMS[a.get("norm_layer", "LayerNorm")]
        self.residual, self.part = residual, "mlp" if official else "neuralnet"
        stage = official and not residual
        heads = 1 if stage else a.get("num_heads", 1)
        self.norm1, self.norm2 = norm(dim), norm(chan)
        self.attn = Attention(
            dim, chan, heads, not stage and a.get("qkv_bias", False), None if stage else a.get("qk_scale"),
            skip=stage or (not official and a.get("value_skip", True)), scale_dim=dim if stage else None,
        )  # fmt: skip
        hidden = int(chan * multiple)
        setattr(self, self.part, nn.ModuleDict({"fc1": nn.Linear(chan, hidden), "fc2": nn.Linear(hidden, chan)}))
        self.act = getattr(nn, a.get("act_layer", "GELU"))()

    def forward(self, x):
        y = self.attn(self.norm1(x))
        x = x + y if self.residual else y
        self.map = self.attn.map
        m = getattr(self, self.part)
        return x + m["fc2"](self.act(m["fc1"](self.norm2(x))))


class Backbone(nn.Module):
    def __init__(self, a, tokens, dim, classes, official=False):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = sinusoid(tokens + 1, dim)
        multiple = a.get("mlp_ratio", a.get("Encoding_hidden_chan_mul", 4.0))
        self.blocks = nn.ModuleList(Layer(dim, dim, a, multiple, official) for _ in range(a["depth"]))
        self.norm = NORMS[a.get("norm_layer", "LayerNorm")](dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        tokens, maps = [x], []
        for block in self.blocks:
            x = block(x)
            tokens.append(x)
            maps.append(block.map)
        return self.head(self.norm(x)[:, 0]), maps, tokens


class ViT_Model(nn.Module):
    def __init__(self, a):
        super().__init__()
        (c, h, w), p = a["img_size"], a["patch_size"]
        self.patch_tokens = nn.Module()
        self.patch_tokens.project = nn.Linear(p * p * c, a["token_len"])
        self.split = nn.Unfold(p, stride=p)
        self.backbone = Backbone(a, (h // p) * (w // p), a["token_len"], a["preds"])

    def forward(self, x):
        return self.backbone(self.patch_tokens.project(self.split(x).transpose(2, 1)))


class Stages(nn.Module):
    """Tokens2Token, T2T_module: soft split, transform, fold back into an image, again, then project."""

    def __init__(self, channels, kernels, chan, dim, names, layer):
        super().__init__()
        self.splits = [nn.Unfold(k, stride=s, padding=p) for k, s, p in kernels]
        self.kernels, self.names = kernels, names
        setattr(self, names[0], layer(channels * kernels[0][0] ** 2, chan))
        setattr(self, names[1], layer(chan * kernels[1][0] ** 2, chan))
        self.project = nn.Linear(chan * kernels[2][0] ** 2, dim)

    def grid(self, size, upto):
        for k, s, p in self.kernels[:upto]:
            size = [(side + 2 * p - k) // s + 1 for side in size]
        return size

    def forward(self, x):
        size = x.shape[2:]
        for i, name in enumerate(self.names):
            tokens = getattr(self, name)(self.splits[i](x).transpose(1, 2))
            x = tokens.transpose(1, 2).unflatten(2, self.grid(size, i + 1))
        return self.project(self.splits[2](x).transpose(1, 2))


class T2T_ViT(nn.Module):
    def __init__(self, a):
        super().__init__()
        c, h, w = a["img_size"]
        kernels = [(k, int((k + 1) / 2), int((k + 1) / 4)) for k in a["softsplit_kernels"]]
        layer = lambda dim, chan: Layer(dim, chan, a, a.get("T2T_hidden_chan_mul", 1.0), residual=False)
        self.tokens_to_token = Stages(c, kernels, a["token_chan"], a["token_len"], ("transformer1", "transformer2"), layer)
        rows, columns = self.tokens_to_token.grid((h, w), 3)
        self.vit_backbone = Backbone(a, rows * columns, a["token_len"], a["preds"])

    def forward(self, x):
        return self.vit_backbone(self.tokens_to_token(x))


class OfficialT2T(Backbone):
    def __init__(self, a, classes):
        h, w = a["img_size"]
        super().__init__(a, (h // 16) * (w // 16), a["embed_dim"], classes, official=True)
        layer = lambda dim, chan: Layer(dim, chan, {}, 1.0, official=True, residual=False)
        kernels = [(7, 4, 2), (3, 2, 1), (3, 2, 1)]
        self.tokens_to_token = Stages(3, kernels, a["token_dim"], a["embed_dim"], ("attention1", "attention2"), layer)

    def forward(self, x):
        return super().forward(self.tokens_to_token(x))


VIT = {"architecture": "ViT_Model", "img_size": [1, 12, 20], "patch_size": 4, "token_len": 20, "preds": 1, "num_heads": 1, "Encoding_hidden_chan_mul": 2.0, "depth": 2, "qkv_bias": False, "qk_scale": None, "act_layer": "GELU", "norm_layer": "LayerNorm"}
T2T = {"architecture": "T2T_ViT", "img_size": [1, 40, 24], "softsplit_kernels": [7, 3, 3], "preds": 1, "token_len": 20, "token_chan": 12, "num_heads": 1, "T2T_hidden_chan_mul": 1.0, "Encoding_hidden_chan_mul": 2.0, "depth": 2}

CASES = {
    "seed-vit": (VIT, {"batch": 2}),
    "seed-vit-heads": ({**VIT, "img_size": [3, 20, 12], "num_heads": 4, "preds": 5, "qkv_bias": True}, {}),
    "seed-vit-no-value-skip": ({**VIT, "value_skip": False, "num_heads": 2}, {}),
    "seed-vit-qk-scale": ({**VIT, "qk_scale": 0.31, "Encoding_hidden_chan_mul": 1.5}, {}),
    "seed-vit-five-channels": ({**VIT, "img_size": [5, 8, 8], "preds": 3}, {"batch": 3}),
    "seed-vit-rms": ({**VIT, "norm_layer": "RMSNorm"}, {}),
    "seed-vit-identity-norm": ({**VIT, "norm_layer": "Identity", "act_layer": "Tanh"}, {}),
    "seed-t2t": (T2T, {"batch": 2}),
    "seed-t2t-kernels": ({**T2T, "img_size": [3, 32, 48], "softsplit_kernels": [9, 5, 3], "token_chan": 8, "preds": 4, "qkv_bias": True}, {}),
    "seed-t2t-heads": ({**T2T, "num_heads": 4, "T2T_hidden_chan_mul": 1.5, "qk_scale": 0.4}, {}),
    "seed-t2t-no-value-skip": ({**T2T, "value_skip": False}, {}),
}
ACTIVATIONS = ["CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "Identity", "LeakyReLU", "LogSigmoid", "Mish", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink"]  # fmt: skip
OFFICIAL = {"img_size": [32, 32], "embed_dim": 24, "depth": 2, "num_heads": 3, "mlp_ratio": 3.0, "token_dim": 16}


def cases():
    for name, (a, options) in CASES.items():
        model = T2T_ViT if a["architecture"] == "T2T_ViT" else ViT_Model
        yield name, lambda n=name, a=a, m=model, o=options: write_case(n, m(a), a, tuple(a["img_size"]), **o)
    tiny = {**T2T, "img_size": [1, 24, 16], "token_len": 12, "token_chan": 8, "depth": 1}
    yield "seed-t2t-eps", lambda: write_case("seed-t2t-eps", T2T_ViT(tiny), tiny, (1, 24, 16), small=1e-3)
    rms = {**tiny, "norm_layer": "RMSNorm"}
    yield "seed-t2t-rms-eps", lambda: write_case("seed-t2t-rms-eps", T2T_ViT(rms), rms, (1, 24, 16), small=1e-3)
    small = {**VIT, "img_size": [1, 8, 8], "token_len": 12, "depth": 1}
    for act in ACTIVATIONS:
        name = f"seed-act-{act.lower()}"
        yield name, lambda n=name, a={**small, "act_layer": act}: write_case(n, ViT_Model(a), a, tuple(a["img_size"]))
    for name, extra in (("t2t-official", {}), ("t2t-official-scale", {"qk_scale": 0.35, "qkv_bias": True})):
        args = {**OFFICIAL, **extra}
        config = {"architecture": "t2t_vit_t_14", "num_classes": 6, "model_args": args, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "crop_pct": 0.9}
        yield name, lambda n=name, a=args, c=config: write_case(n, OfficialT2T(a, 6), c, (3, *a["img_size"]))
