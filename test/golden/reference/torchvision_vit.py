"""torchvision's VisionTransformer (models/vision_transformer.py): torch's MultiheadAttention does the attention and gives the map."""
import torch
from torch import nn

from .common import write_case

ARGS = {"image_size": 16, "patch_size": 4, "num_layers": 2, "num_heads": 2, "hidden_dim": 20, "mlp_dim": 40, "num_classes": 6}


class EncoderBlock(nn.Module):
    def __init__(self, a, legacy):
        super().__init__()
        d, h = a["hidden_dim"], a["mlp_dim"]
        self.ln_1, self.ln_2 = nn.LayerNorm(d, 1e-6), nn.LayerNorm(d, 1e-6)
        self.self_attention = nn.MultiheadAttention(d, a["num_heads"], batch_first=True)
        one, two = ("linear_1", "linear_2") if legacy else ("0", "3")
        self.mlp = nn.ModuleDict({one: nn.Linear(d, h), two: nn.Linear(h, d)})
        self.order = (one, two)

    def forward(self, x):
        y = self.ln_1(x)
        y, self.map = self.self_attention(y, y, y, need_weights=True, average_attn_weights=False)
        x = x + y
        one, two = self.order
        return x + self.mlp[two](nn.functional.gelu(self.mlp[one](self.ln_2(x))))


class VisionTransformer(nn.Module):
    def __init__(self, legacy=False, **a):
        super().__init__()
        d, p = a["hidden_dim"], a["patch_size"]
        self.conv_proj = nn.Conv2d(3, d, p, p)
        self.class_token = nn.Parameter(torch.zeros(1, 1, d))
        self.encoder = nn.Module()
        self.encoder.pos_embedding = nn.Parameter(torch.zeros(1, (a["image_size"] // p) ** 2 + 1, d))
        self.encoder.layers = nn.ModuleDict({f"encoder_layer_{i}": EncoderBlock(a, legacy) for i in range(a["num_layers"])})
        self.encoder.ln = nn.LayerNorm(d, 1e-6)
        self.heads = nn.ModuleDict({"head": nn.Linear(d, a["num_classes"])})

    def forward(self, x):
        x = self.conv_proj(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], 1) + self.encoder.pos_embedding
        tokens, maps = [x], []
        for block in self.encoder.layers.values():
            x = block(x)
            tokens.append(x)
            maps.append(block.map)
        return self.heads["head"](self.encoder.ln(x)[:, 0]), maps, tokens


def cases():
    for name, legacy in (("torchvision", False), ("torchvision-legacy", True)):
        yield name, lambda n=name, l=legacy: write_case(
            n, VisionTransformer(legacy=l, **ARGS), {"architecture": "vit_b_16", **ARGS}, (3, 16, 16), batch=2
        )
    tiny = {**ARGS, "hidden_dim": 12, "mlp_dim": 24, "num_layers": 1, "image_size": 8, "num_classes": 3}
    yield "torchvision-eps", lambda: write_case("torchvision-eps", VisionTransformer(**tiny), {"architecture": "vit_b_16", **tiny}, (3, 8, 8), small=0.03)
