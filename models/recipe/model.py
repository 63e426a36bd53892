"""The Vision Transformer that is shipped, with timm's layout and key names."""
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
        """Attends from the first `queries` tokens only, if given; also gives the attention, n x heads x queries x tokens."""
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
        return self.proj((a @ v).transpose(1, 2).reshape(n, q.shape[2], d)), a


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
        mixed, attention = self.attn(self.norm1(x), queries)
        x = x[:, :queries] + mixed
        return x + self.mlp(self.norm2(x)), attention


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
    def __init__(self, img_size=128, patch_size=16, embed_dim=192, depth=12, num_heads=3, mlp_ratio=4, num_classes=10):
        super().__init__()
        self.side = img_size // patch_size
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.side ** 2, embed_dim))
        self.patch_embed = PatchEmbed(patch_size, embed_dim)
        self.blocks = nn.ModuleList(Block(embed_dim, num_heads, int(embed_dim * mlp_ratio)) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x, keep=None):
        """Class scores; from the patches of index `keep` [n, patches kept] alone, if given."""
        return self.scores_and_maps(x, keep)[0]

    def scores_and_maps(self, x, keep=None, layers=1):
        """Class scores, and the class token's attention to the patches in the last `layers` blocks, n x layers x patches.

        The attention is the mean over heads, its sum over patches brought to 1. The last block is computed for the
        class token alone, since nothing else of it reaches the scores.
        """
        x = self.patch_embed(x) + self.pos_embed[:, 1:]
        if keep is not None:
            x = x.gather(1, keep[:, :, None].expand(-1, -1, x.shape[2]))
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(x.shape[0], -1, -1)
        x = torch.cat([cls, x], 1)
        maps = []
        for block in self.blocks:
            x, attention = block(x, 1 if block is self.blocks[-1] else None)
            maps.append(attention[:, :, 0, 1:].mean(1))
        maps = torch.stack(maps[-layers:], 1)
        return self.head(self.norm(x[:, 0])), maps / maps.sum(-1, keepdim=True)


def resample_positions(pos_embed, side):
    """A class token's and a square grid's position embedding [1, 1 + n n, dim], the grid resampled to side x side."""
    grid = pos_embed[:, 1:]
    n = round(grid.shape[1] ** 0.5)
    grid = grid.view(1, n, n, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, (side, side), mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([pos_embed[:, :1], grid.permute(0, 2, 3, 1).reshape(1, side * side, -1)], 1)
