"""What the peer times: single convolutions, the network forward, a training step."""
import numpy as np
import torch
from torch.nn import functional as F

import cellpose_network

FORMATS = {"default": torch.contiguous_format, "channels_last": torch.channels_last}


def noise(shape, seed):
    """Even noise from -0.5 to 0.5; the benchmark makes the very same numbers."""
    h = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint32)
    h *= np.uint32(0x9E3779B1)
    h += np.uint32(seed)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x85EBCA77)
    h ^= h >> np.uint32(13)
    h >>= np.uint32(8)
    values = h.astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)
    assert values.dtype == np.float32
    return torch.from_numpy(values.reshape(shape))


class Convolution:
    def __init__(self, memory_format, batch, inputs, outputs, kernel, size):
        like = {"memory_format": FORMATS[memory_format]}
        self.padding = kernel // 2
        self.x = noise((batch, inputs, size, size), 1).contiguous(**like)
        self.weight = noise((outputs, inputs, kernel, kernel), 2).contiguous(**like)
        self.bias = noise((outputs,), 3)
        self.dy = noise((batch, outputs, size, size), 4).contiguous(**like)

    def run(self, part):
        x, dy = self.x, self.dy
        sliced = self.padding == 0 and cellpose_network.needs_slices(x) and cellpose_network.needs_slices(dy)
        if sliced:
            x, dy = cellpose_network.slices(x), cellpose_network.slices(dy)
        if part == "backward-weights":
            return self.backward(x, dy, [False, True, True])[1]
        if part == "backward-data":
            result, like = self.backward(x, dy, [True, False, False])[0], self.x
        else:
            with torch.no_grad():
                result, like = F.conv2d(x, self.weight, self.bias, padding=self.padding), self.dy
        if not sliced:
            return result
        n, c, h, w = like.shape
        return result.permute(0, 2, 3, 1).reshape(n, h, w, c).permute(0, 3, 1, 2)

    def backward(self, x, dy, mask):
        same = [self.padding, self.padding]
        return torch.ops.aten.convolution_backward(
            dy, x, self.weight, [self.bias.numel()], [1, 1], same, [1, 1], False, [0, 0], 1, mask)


class Forward:
    def __init__(self, memory_format, state, batch, size):
        self.network = cellpose_network.load(state, FORMATS[memory_format]).eval()
        self.x = noise((batch, 2, size, size), 1).contiguous(memory_format=FORMATS[memory_format])

    def run(self, part):
        with torch.no_grad():
            return self.network(self.x)


def autocast(device, precision):
    """BF16 where it was asked for, else nothing."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bf16")


class Step:
    """Forward, Cellpose's supervised loss, backward, AdamW."""

    def __init__(
            self, memory_format, state, batch, size, learning_rate, weight_decay, device="cpu", precision="fp32"):
        self.device, self.precision = device, precision
        self.network = cellpose_network.load(state, FORMATS[memory_format]).to(device).train()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=learning_rate, weight_decay=weight_decay, foreach=True)
        self.x = noise((batch, 2, size, size), 1).contiguous(memory_format=FORMATS[memory_format]).to(device)
        self.cell = (noise((batch, size, size), 2) > 0).float().to(device)
        self.flow = noise((batch, 2, size, size), 3).to(device)

    def run(self, part):
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.precision):
            y = self.network(self.x)
        y = y.float()
        loss = 0.5 * F.mse_loss(y[:, :2], 5 * self.flow) + F.binary_cross_entropy_with_logits(y[:, 2], self.cell)
        loss.backward()
        self.optimizer.step()
        return loss.detach()
