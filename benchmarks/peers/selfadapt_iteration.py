"""One iteration of SelfAdapt (arXiv 2508.11411) in PyTorch, as the defaults of `adapt` have it."""
import numpy as np
import torch
from torch.nn import functional as F

import cellpose_network
from cases import FORMATS, autocast, noise

# (quarter turns counter-clockwise, flipped dimension or None)
VIEWS = [(0, None), (0, 2), (0, 3), (1, None), (2, None), (3, None)]


def turn(x, view, memory_format):
    quarters, flip = view
    turned = torch.flip(x, [flip]) if flip else torch.rot90(x, quarters, [2, 3])
    return turned.contiguous(memory_format=memory_format)


def turn_back(y, view):
    """The output's spatial inverse, and the vectors turned with it."""
    quarters, flip = view
    if flip:
        y = torch.flip(y, [flip])
        y[:, flip - 2].neg_()
    elif quarters:
        y = torch.rot90(y, -quarters, [2, 3])
        rows, columns, rest = y[:, :1], y[:, 1:2], y[:, 2:]
        turned = {1: (columns, -rows), 2: (-rows, -columns), 3: (-columns, rows)}[quarters]
        y = torch.cat([*turned, rest], 1)
    return y


def blur(plane, sigma):
    radius = int(np.ceil(3 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=plane.device) / sigma) ** 2)
    kernel /= kernel.sum()
    plane = F.pad(plane[None, None], (radius,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(plane, kernel[None, None, None]), kernel[None, None, :, None])[0, 0]


def strong(x, draws):
    """Brightness and contrast in the sample's order, blur, noise; empty channels stay empty."""
    result = x.clone()
    for image, draw in zip(result, draws):
        if not draw["apply"]:
            continue
        for plane in image:
            if not plane.any():
                continue
            z = plane
            for contrast in (draw["contrast_first"], not draw["contrast_first"]):
                z = torch.lerp(z.mean(), z, draw["contrast"]) if contrast else z * draw["brightness"]
                z = z.clamp_(min=0)
            plane.copy_(blur(z, draw["blur"]) + draw["noise"] * torch.randn(z.shape, device=z.device))
    return result


class Iteration:
    def __init__(
            self, memory_format, state, batch, size, options, augmentations, device="cpu", precision="fp32"):
        self.device, self.precision = device, precision
        self.format = FORMATS[memory_format]
        self.options, self.augmentations, self.steps = options, augmentations, 0
        self.student = cellpose_network.load(state, self.format).to(device).train()
        self.teacher = cellpose_network.load(state, self.format).to(device).eval().requires_grad_(False)
        self.weights = list(self.student.parameters())
        self.anchor = [w.detach().clone() for w in self.weights]
        self.norms = [m for m in self.student.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        self.optimizer = torch.optim.AdamW(
            self.weights, lr=options["learning_rate"], weight_decay=options["weight_decay"], foreach=True)
        weak = torch.zeros(batch, 2, size, size)
        weak[:, 0] = noise((batch, size, size), 1) + 0.5
        self.weak = weak.contiguous(memory_format=self.format).to(device)
        self.thresholds = [None] * 4  # rows, columns, background, foreground

    def run(self, part):
        draws = self.augmentations[self.steps % len(self.augmentations)]
        self.steps += 1
        with torch.no_grad():
            mean, hard, class_mask, vector_mask = self.label()
            strong_input = strong(self.weak, draws).contiguous(memory_format=self.format)
            self.move_statistics()
        with autocast(self.device, self.precision):
            y = self.student(strong_input)
        y = y.float()
        cross_entropy = F.binary_cross_entropy_with_logits(y[:, 2], hard, reduction="none")
        squares = (y[:, :2] - mean[:, :2]).square()
        loss = (cross_entropy * class_mask).mean() + self.options["lambda_bal"] * (squares * vector_mask).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        with torch.no_grad():
            self.pull_to_anchor()
            self.optimizer.step()
            self.follow()
        return torch.tensor([-1 if t is None else float(t) for t in self.thresholds])

    def label(self):
        with autocast(self.device, self.precision):
            outputs = [self.teacher(turn(self.weak, v, self.format)) for v in VIEWS]
        outputs = torch.stack([turn_back(y.float(), v) for y, v in zip(outputs, VIEWS)])
        mean, deviation = outputs.mean(0), outputs[:, :, :2].std(0)
        logit = mean[:, 2]
        foreground = logit > 0
        confidence = torch.sigmoid(logit.abs())
        for i in (0, 1):
            self.move_threshold(i, deviation[:, i], self.options["regression_quantile"])
            self.move_threshold(2 + i, confidence[foreground == bool(i)], self.options["class_quantile"])
        rows, columns, background, cell = (float("inf") if t is None else t for t in self.thresholds)
        limit = torch.where(foreground, self.number(cell), self.number(background))
        vector_mask = deviation <= torch.stack([self.number(rows), self.number(columns)])[None, :, None, None]
        return mean, foreground.float(), (confidence >= limit).float(), vector_mask.float()

    def number(self, value):
        return torch.as_tensor(value, dtype=torch.float32, device=self.device)

    def move_threshold(self, i, values, quantile):
        if values.numel():
            # On the CPU NumPy is the fastest; on a GPU the threshold stays there.
            new = float(np.quantile(values.numpy(), quantile)) if self.device == "cpu" else values.quantile(quantile)
            old, keep = self.thresholds[i], self.options["keep"]
            self.thresholds[i] = new if old is None else keep * old + (1 - keep) * new

    def move_statistics(self):
        """The stored statistics follow the weak input; the pass on the strong one leaves them alone."""
        for module in self.norms:
            module.momentum = self.options["norm_momentum"]
        with autocast(self.device, self.precision):
            self.student(self.weak)
        for module in self.norms:
            module.momentum = 0.0

    def pull_to_anchor(self):
        """L2-SP's gradient, 2 lambda (w - w0)."""
        drift = torch._foreach_sub([w.detach() for w in self.weights], self.anchor)
        torch._foreach_add_([w.grad for w in self.weights], drift, alpha=2 * self.options["lambda_l2sp"])

    def follow(self):
        keep = self.options["ema"]
        for ours, theirs in ((self.teacher.parameters(), self.weights), self.statistics()):
            ours = list(ours)
            torch._foreach_mul_(ours, keep)
            torch._foreach_add_(ours, [t.detach() for t in theirs], alpha=1 - keep)

    def statistics(self):
        return tuple([b for b in n.buffers() if b.is_floating_point()] for n in (self.teacher, self.student))
