"""The Vision Transformer that is shipped (timm's layout and key names) and the small teacher it learns from."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, queries=None):
        """Attends from the first `queries` tokens only, if given."""
        n, t, d = x.shape
        h = self.heads
        if queries is None:
            q, k, v = self.qkv(x).view(n, t, 3, h, d // h).permute(2, 0, 3, 1, 4)
        else:
            w, b = self.qkv.weight, self.qkv.bias
            q = F.linear(x[:, :queries], w[:d], b[:d]).view(n, queries, h, d // h).transpose(1, 2)
            k, v = F.linear(x, w[d:], b[d:]).view(n, t, 2, h, d // h).permute(2, 0, 3, 1, 4)
        # written out: at 65 tokens two plain products train several times quicker on a CPU than the fused kernel
        a = ((q * (d // h) ** -0.5) @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((a @ v).transpose(1, 2).reshape(n, q.shape[2], d))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x, queries=None):
        x = x[:, :queries] + self.attn(self.norm1(x), queries)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, patch, dim):
        super().__init__()
        self.patch = patch
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, x):  # the convolution as one matrix product: much quicker on a CPU
        n, c, h, w = x.shape
        p = self.patch
        x = x.view(n, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5).reshape(n, (h // p) * (w // p), c * p * p)
        return F.linear(x, self.proj.weight.flatten(1), self.proj.bias)


class ViT(nn.Module):
    def __init__(self, img_size=32, patch_size=4, embed_dim=192, depth=6, num_heads=6, mlp_ratio=3, num_classes=10):
        super().__init__()
        self.side = img_size // patch_size
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.side ** 2, embed_dim))
        self.patch_embed = PatchEmbed(patch_size, embed_dim)
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, int(embed_dim * mlp_ratio)) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x, window=None, keep=()):
        """Class scores, and the patch tokens behind the blocks named in `keep`.

        `window` = (row, column) places a smaller picture on that part of the position grid. The last block
        is computed for the class token alone, since nothing else of it reaches the scores.
        """
        x = self.patch_embed(x)
        pos = self.pos_embed[:, 1:]
        if x.shape[1] != pos.shape[1]:
            s, (r, c) = math.isqrt(x.shape[1]), window
            pos = pos.view(1, self.side, self.side, -1)[:, r:r + s, c:c + s].reshape(1, s * s, -1)
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(x.shape[0], -1, -1)
        x = torch.cat([cls, x + pos], 1)
        kept = []
        for i, block in enumerate(self.blocks):
            x = block(x, 1 if i == len(self.blocks) - 1 else None)
            if i in keep:
                kept.append(x[:, 1:])
        scores = self.head(self.norm(x[:, 0]))
        return (scores, kept) if keep else scores


@torch.no_grad()
def init_vit(model, seed):
    """Initialisation that starts attention out as a convolution.

    Half of the dimensions hold the position, as two-dimensional sines and cosines, and hardly anything else
    is written there at first. A head's keys read the position's phases and its queries read the same phases
    turned by one offset, so the head starts by looking at its neighbour at that offset (after Zheng et al.
    2024, "Structured Initialization for Attention in Vision Transformers"). On the other half,
    W_proj W_v starts close to -0.4 I (Trockman & Kolter 2023, "Mimetic Initialization of Self-Attention Layers").
    """
    g = torch.Generator().manual_seed(seed)
    randn = lambda *s: torch.randn(*s, generator=g)
    d, side, heads = model.pos_embed.shape[-1], model.side, model.blocks[0].attn.heads
    p, hd = d // 2, d // heads
    quiet = torch.where(torch.arange(d) < p, 0.1, 1.0)[:, None]  # for what writes into the position's half
    for m in model.modules():
        if isinstance(m, nn.Linear):
            m.weight.copy_(randn(*m.weight.shape) / m.weight.shape[1] ** 0.5)
            m.bias.zero_()
    w = model.patch_embed.proj.weight
    w.copy_(randn(*w.shape) / w[0].numel() ** 0.5 * quiet[:, :, None, None])
    model.patch_embed.proj.bias.zero_()
    model.head.weight.mul_(0.1)
    model.cls_token.copy_(randn(1, 1, d) * 0.5)

    freq = torch.linspace(0.2, 2.8, p // 4)  # dims 4f .. 4f + 3: sine and cosine of the row, then of the column
    r, c = torch.meshgrid(torch.arange(side).float(), torch.arange(side).float(), indexing="ij")
    pr, pc = r.flatten()[:, None] * freq, c.flatten()[:, None] * freq
    model.pos_embed.zero_()
    model.pos_embed[0, 1:, :p] = torch.stack([pr.sin(), pr.cos(), pc.sin(), pc.cos()], -1).flatten(1)

    offsets = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    for block in model.blocks:
        qkv = block.attn.qkv.weight
        places = torch.randperm(9, generator=g)
        for h in range(heads):
            turn = torch.zeros(p, p)  # turns a position's phases into those of the position + offset
            for axis, delta in enumerate(offsets[places[h % 9]]):
                for f in range(p // 4):
                    i, sin, cos = 4 * f + 2 * axis, math.sin(freq[f] * delta), math.cos(freq[f] * delta)
                    turn[i:i + 2, i:i + 2] = torch.tensor([[cos, sin], [-sin, cos]])
            key = torch.linalg.qr(randn(p, hd))[0].T * ATTENTION_GAIN
            q, k = qkv[h * hd:(h + 1) * hd], qkv[d + h * hd:d + (h + 1) * hd]
            q.mul_(0.2)[:, :p] += key @ turn
            k.mul_(0.2)[:, :p] += key
        u, s, vh = torch.linalg.svd(-0.4 * torch.eye(d) + 0.4 * randn(d, d) / d ** 0.5)
        block.attn.proj.weight.copy_(u * s.sqrt() * quiet)
        qkv[2 * d:] = s.sqrt()[:, None] * vh
        block.mlp.fc2.weight.mul_(0.5 * quiet)
    return model


ATTENTION_GAIN = 1.6


class ConvNet(nn.Module):
    """The teacher: six 3 x 3 convolutions behind a whitening-sized 2 x 2 one (a narrow airbench network)."""

    def __init__(self, widths=(64, 128, 192), num_classes=10):
        super().__init__()
        self.widths = widths
        self.stem = nn.Conv2d(3, 32, 2)
        layers, last = [], 32
        for w in widths:
            layers += [nn.Conv2d(last, w, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(w), nn.GELU(),
                       nn.Conv2d(w, w, 3, padding=1, bias=False), nn.BatchNorm2d(w), nn.GELU()]
            last = w
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(last, num_classes)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.2

    def forward(self, x, features=False):
        """Class scores; with `features`, also the maps behind the second and the third pair of convolutions."""
        x = F.gelu(self.stem(x))
        middle = self.body[:14](x)
        last = self.body[14:](middle)
        scores = self.head(last.amax((2, 3)))
        return (scores, [middle, last]) if features else scores


def resample(cells, step, first, tokens, patch):
    """Matrix that reads a map of `cells` (centres at first, first + step, ... pixels) at the patches' centres."""
    u = ((torch.arange(tokens) + 0.5) * patch - first) / step
    u = u.clamp(0, cells - 1)
    return (1 - (u[:, None] - torch.arange(cells)).abs()).clamp(min=0)


class Hints(nn.Module):
    """While training, patch tokens also predict the teacher's feature maps, one linear reading for each map."""

    CENTRES = ((7, 4, 2.5), (3, 8, 4.5))  # cells a side, pixels between their centres, first centre

    def __init__(self, dim, widths):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in widths)
        self.readings = nn.ModuleList(nn.Linear(dim, w) for w in widths)
        for layer in self.readings:
            nn.init.normal_(layer.weight, std=0.02)

    def forward(self, tokens, maps):
        loss = 0
        for x, m, norm, reading, (cells, step, first) in zip(tokens, maps, self.norms, self.readings, self.CENTRES):
            side = math.isqrt(x.shape[1])
            a = resample(cells, step, first, side, 32 / side)
            with torch.no_grad():
                m = torch.einsum("ai,ncij,bj->nabc", a, m.float(), a).flatten(1, 2)
                m = (m - m.mean((0, 1))) / (m.std((0, 1)) + 1e-3)
            loss = loss + F.mse_loss(reading(norm(x)).float(), m)
        return loss
