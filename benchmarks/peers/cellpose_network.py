"""Cellpose's residual U-Net with style vector in PyTorch, state-dict keys as in Cellpose's own files."""
import torch
from torch import nn
from torch.nn import functional as F

WIDTHS = (32, 64, 128, 256)


def slices(x):
    """Every row of a channels-last batch as an image of two half rows: the same memory, for 1x1 convolutions."""
    n, c, h, w = x.shape
    return x.permute(0, 2, 3, 1).reshape(n * h, 2, w // 2, c).permute(0, 3, 1, 2)


def needs_slices(x):
    """With one thread torch hands a 1x1 convolution of fewer than 16 images to its BLAS, which may be slow."""
    return (
        torch.get_num_threads() == 1 and x.shape[0] < 16 and x.shape[3] % 2 == 0
        and x.is_contiguous(memory_format=torch.channels_last))


class Pointwise(nn.Conv2d):
    """A 1x1 convolution on torch's fast path."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 1)

    def forward(self, x):
        if not needs_slices(x):
            return super().forward(x)
        n, _, h, w = x.shape
        y = super().forward(slices(x)).permute(0, 2, 3, 1)
        return y.reshape(n, h, w, self.out_channels).permute(0, 3, 1, 2)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.05)


def unit(inputs, outputs, kernel=3):
    """Normalise, rectify, convolve."""
    convolution = Pointwise(inputs, outputs) if kernel == 1 else nn.Conv2d(inputs, outputs, kernel, padding=1)
    return nn.Sequential(norm(inputs), nn.ReLU(inplace=True), convolution)


def projection(inputs, outputs):
    return nn.Sequential(norm(inputs), Pointwise(inputs, outputs))


class EncoderBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.proj = projection(inputs, outputs)
        self.conv = nn.Sequential()
        for i in range(4):
            self.conv.add_module(f"conv_{i}", unit(inputs if i == 0 else outputs, outputs))

    def forward(self, x):
        units = self.conv
        middle = self.proj(x) + units[1](units[0](x))
        return middle + units[3](units[2](middle))


class StyledUnit(nn.Module):
    def __init__(self, channels, style_length):
        super().__init__()
        self.conv = unit(channels, channels)
        self.full = nn.Linear(style_length, channels)

    def forward(self, x, style, skip=None):
        bias = self.full(style)[:, :, None, None]
        return self.conv((x if skip is None else x + skip) + bias)


class DecoderBlock(nn.Module):
    def __init__(self, inputs, outputs, style_length):
        super().__init__()
        self.conv = nn.Sequential()
        self.conv.add_module("conv_0", unit(inputs, outputs))
        for i in (1, 2, 3):
            self.conv.add_module(f"conv_{i}", StyledUnit(outputs, style_length))
        self.proj = projection(inputs, outputs)

    def forward(self, x, skip, style):
        units = self.conv
        middle = self.proj(x) + units[1](units[0](x), style, skip)
        return middle + units[3](units[2](middle, style), style)


class CellposeNetwork(nn.Module):
    def __init__(self, channels=2, outputs=3, widths=WIDTHS):
        super().__init__()
        levels = range(len(widths))
        below = (*widths[1:], widths[-1])
        self.downsample = nn.Module()
        self.downsample.down = nn.Sequential()
        self.upsample = nn.Module()
        self.upsample.up = nn.Sequential()
        for i in levels:
            self.downsample.down.add_module(
                f"res_down_{i}", EncoderBlock(channels if i == 0 else widths[i - 1], widths[i]))
            self.upsample.up.add_module(f"res_up_{i}", DecoderBlock(below[i], widths[i], widths[-1]))
        self.output = unit(widths[0], outputs, 1)

    def forward(self, x):
        skips = []
        for block in self.downsample.down:
            skips.append(block(F.max_pool2d(skips[-1], 2) if skips else x))
        pooled = skips[-1].mean((2, 3))
        style = pooled / pooled.square().sum(1, keepdim=True).sqrt()
        x = skips[-1]
        for level in reversed(range(len(skips))):
            if level < len(skips) - 1:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = self.upsample.up[level](x, skips[level], style)
        return self.output(x)


def load(path, memory_format):
    """The network with the weights of a checkpoint file."""
    network = CellposeNetwork()
    state = {k: v for k, v in torch.load(path, map_location="cpu").items() if not k.startswith("diam_")}
    network.load_state_dict(state)
    return network.to(memory_format=memory_format)
