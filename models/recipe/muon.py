"""Muon (momentum orthogonalised by Newton-Schulz) for weight matrices, and AdamW for the rest."""
import torch


def orthogonalise(g, steps=5):
    """About U V^T of g's singular value decomposition, by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (g / (g.norm() + 1e-7)).bfloat16()
    flip = x.shape[0] > x.shape[1]
    if flip:
        x = x.T
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if flip else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; the step's size does not depend on the gradient's.

    A fused matrix (timm's qkv) is orthogonalised in `parts` row blocks, each on its own.
    """

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, parts=1))
        self.map = map  # a thread pool's map spreads the matrices over its threads

    @torch.no_grad()
    def step(self):
        list(self.map(self.update, [(group, p) for group in self.param_groups for p in group["params"]]))

    @torch.no_grad()
    def update(self, job):
        group, p = job
        lr, mu = group["lr"], group["momentum"]
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        buf = state["momentum"]
        buf.lerp_(p.grad, 1 - mu)
        g = p.grad.lerp(buf, mu)
        p.mul_(1 - lr * group["weight_decay"])
        for part, out in zip(g.chunk(group["parts"]), p.chunk(group["parts"])):
            m = part.reshape(part.shape[0], -1)
            update = orthogonalise(m).float() * (0.2 * max(m.shape) ** 0.5)  # about AdamW's RMS
            out.sub_(update.view_as(part), alpha=lr)
