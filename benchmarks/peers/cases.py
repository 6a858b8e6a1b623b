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

    def forward(self):
        with torch.no_grad():
            return F.conv2d(self.x, self.weight, self.bias, padding=self.padding)

    def backward(self, mask):
        same = [self.padding, self.padding]
        return torch.ops.aten.convolution_backward(
            self.dy, self.x, self.weight, [self.bias.numel()], [1, 1], same, [1, 1], False, [0, 0], 1, mask)

    def run(self, part):
        if part == "forward":
            return self.forward()
        data = part == "backward-data"
        return self.backward([data, not data, not data])[0 if data else 1]


class Forward:
    def __init__(self, memory_format, state, batch, size):
        self.network = cellpose_network.load(state, FORMATS[memory_format]).eval()
        self.x = noise((batch, 2, size, size), 1).contiguous(memory_format=FORMATS[memory_format])

    def run(self, part):
        with torch.no_grad():
            return self.network(self.x)


class Step:
    """Forward, Cellpose's supervised loss, backward, AdamW."""

    def __init__(self, memory_format, state, batch, size, learning_rate, weight_decay):
        self.network = cellpose_network.load(state, FORMATS[memory_format]).train()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=learning_rate, weight_decay=weight_decay, foreach=True)
        self.x = noise((batch, 2, size, size), 1).contiguous(memory_format=FORMATS[memory_format])
        self.cell = (noise((batch, size, size), 2) > 0).float()
        self.flow = noise((batch, 2, size, size), 3)

    def run(self, part):
        self.optimizer.zero_grad(set_to_none=True)
        y = self.network(self.x)
        loss = 0.5 * F.mse_loss(y[:, :2], 5 * self.flow) + F.binary_cross_entropy_with_logits(y[:, 2], self.cell)
        loss.backward()
        self.optimizer.step()
        return loss.detach()
