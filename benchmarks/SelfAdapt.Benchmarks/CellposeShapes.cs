using SelfAdapt.Engine;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Benchmarks;

/// <summary>One size of convolution.</summary>
/// <param name="Inputs">Input channels.</param>
/// <param name="Outputs">Output channels.</param>
/// <param name="Kernel">1 or 3.</param>
/// <param name="Level">Halvings since the image.</param>
internal sealed record ConvolutionShape(int Inputs, int Outputs, int Kernel, int Level)
{
    /// <summary>Direct work of a pass: two operations per multiply-add.</summary>
    public double Flops(int batch, int size) =>
        2.0 * batch * Inputs * Outputs * Kernel * Kernel * (size >> Level) * (size >> Level);
}

/// <summary>The full-size Cellpose network, and the convolutions that it consists of.</summary>
internal static class CellposeShapes
{
    private static readonly int[] Widths = [32, 64, 128, 256];

    /// <summary>All convolutions in the order of the forward pass, one entry each.</summary>
    public static IReadOnlyList<ConvolutionShape> All { get; } = [.. Encoder(), .. Decoder(), new(Widths[0], 3, 1, 0)];

    /// <summary>Every size of convolution once, 3x3 first, from full resolution down.</summary>
    public static IReadOnlyList<ConvolutionShape> Distinct { get; } =
        [.. All.Distinct().OrderByDescending(s => s.Kernel).ThenBy(s => s.Level).ThenBy(s => s.Inputs * s.Outputs)];

    /// <summary>Work of one forward pass.</summary>
    public static double ForwardFlops(int batch, int size) => All.Sum(s => s.Flops(batch, size));

    /// <summary>A checkpoint with torch's initialisation from a fixed seed.</summary>
    public static TorchCheckpoint Checkpoint()
    {
        ulong counter = 0;
        return CellposeGraphBuilder.RandomState([2, .. Widths], () => CounterRandom.Uniform(1, counter++));
    }

    /// <summary>The network of such a checkpoint.</summary>
    public static Network ReadNetwork() => Network.Read(CellposeGraphBuilder.Build(Checkpoint()));

    private static IEnumerable<ConvolutionShape> Encoder() =>
        Enumerable.Range(0, Widths.Length).SelectMany(
            level => Block(level == 0 ? 2 : Widths[level - 1], Widths[level], level));

    private static IEnumerable<ConvolutionShape> Decoder() =>
        Enumerable.Range(0, Widths.Length).Reverse().SelectMany(
            level => Block(level + 1 < Widths.Length ? Widths[level + 1] : Widths[^1], Widths[level], level));

    private static IEnumerable<ConvolutionShape> Block(int inputs, int outputs, int level) =>
    [
        new(inputs, outputs, 1, level), new(inputs, outputs, 3, level),
        .. Enumerable.Repeat(new ConvolutionShape(outputs, outputs, 3, level), 3),
    ];
}
