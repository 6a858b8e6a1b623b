using SelfAdapt.Kernels;

namespace SelfAdapt.KernelSimulator;

/// <summary>
/// A small launch of a kernel, to run it by different means and compare: arrays become views, numbers stay numbers.
/// </summary>
/// <param name="Kernel">As <see cref="KernelName"/> has it.</param>
/// <param name="Grid">Number of groups.</param>
/// <param name="Group">Threads in a group.</param>
/// <param name="Arguments">The kernel's parameters; float[], int[] and uint[] for views.</param>
public sealed record KernelCase(
    string Kernel, (int X, int Y, int Z) Grid, (int X, int Y, int Z) Group, params object[] Arguments)
{
    private const ConvolutionFlags Input = ConvolutionFlags.Normalize | ConvolutionFlags.Relu;
    private const ConvolutionFlags AllFlags =
        Input | ConvolutionFlags.Bias | ConvolutionFlags.Residual | ConvolutionFlags.PerChannel;

    private const int Quads = 60;
    private const int Vector = 70;

    private static readonly WindowShape Seen = new(3, 3, 2, 1, 1, 1, 6, 10, 3, 5);
    private static readonly int[] AllKinds =
        [0, 1, ChannelKinds.Class(2, 2), ChannelKinds.Class(2, 2), ChannelKinds.Distances + 1];

    private static readonly int[] Kinds = [0, 0, 1];
    private static readonly float[] Samples = [1, 1, 1.2f, 0.7f, 1.1f, 0.1f, 1, 0, 0.8f, 1.4f, 0, 0.2f];
    private static readonly uint[] Seeds = [0x89ABCDEF, 0x01234567, 77, 0];

    /// <summary>
    /// Every kernel. Tensors are 2 x 6 x 3 x 5 in the small and 2 x 6 x 6 x 10 in the large, vectors 2 x 3 x 5 x 7.
    /// </summary>
    public static IReadOnlyList<KernelCase> All { get; } =
    [
        Each("Elementwise.Fill", Vector, Some(Vector), 2.5f, Vector),
        Each("Elementwise.MoveTowards", Vector, Some(Vector), Some(Vector), 0.25f, Vector),
        Each("Elementwise.Copy", Quads, Some(240), Some(240), 1, Quads),
        Each("Elementwise.Add", Quads, Some(240), Some(240), Some(240), Quads),
        Each("Elementwise.Multiply", Quads, Some(240), Some(240), Some(240), 1, Quads),
        Each("Elementwise.Relu", Quads, Some(240), Some(240), Quads),
        Each("ElementFunctions.Apply", Quads, Some(240), Some(240), 1, 0f, Quads),
        Each("ElementFunctions.ApplyBackward", Quads, Some(240), Some(240), Some(240), 1, 0f, 1, Quads),
        Each("Elementwise.ReluBackward", Quads, Some(240), Some(240), Some(240), 1, Quads),
        Each("Layout.Import", 240, Some(180), Some(240), 6, 15, 8, 240),
        Each("Layout.Export", 180, Some(240), Some(180), 6, 15, 8, 180),
        Each("Channels.AddPerChannel", Quads, Some(240), Some(16), Some(240), 15, 2, Quads),
        Each("Channels.CopyTo", 180, Some(240), Some(30 * 12), 6, 8, 12, 5, 1, 180),
        Each("Channels.MultiplyPerChannel", Quads, Some(240), Some(16), Some(240), 15, 2, 1, Quads),
        Each("Channels.PRelu", 240, Some(240), Some(240), Some(6), Some(240), 6, 8, 1, 240),
        Each("Channels.CopyFrom", 180, Some(30 * 12), Some(240), 6, 12, 8, 5, 1, 180),
        Each("Channels.SpreadMean", Quads, Some(16), Some(240), 0.5f, 15, 2, 1, Quads),
        Each("Channels.FinishPlaneSums", 16, Some(2 * 3 * 8), Some(16), 0.5f, 1, 3, 8, 16),
        new("Channels.PlaneSums", (1, 3, 2), (2, 4, 1), Some(240), Some(48), 15, 8),
        Each("BatchNorm.UseStored", 8, Some(6), Some(6), Some(6), Positive(6), Some(12), Some(32), 6, 8, 1e-5f),
        Each("BatchNorm.Apply", Quads, Some(240), Some(32), Some(240), 1, 2, Quads),
        Each("BatchNorm.Gradient", Quads, Some(240), Some(240), Some(32), Some(16), Some(240), 1, 1, 2, Quads),
        new("BatchNorm.Moments", (1, 2, 1), (2, 4, 1), Some(240), Some(40), 30, 8),
        new(
            "BatchNorm.FinishMoments", (8, 1, 1), (4, 1, 1), Positive(40), Some(6), Some(6), Some(6), Some(6), Some(12),
            Some(32), 6, 8, 30, 2, 1e-5f, 0.1f, 1),
        new("BatchNorm.GradientSums", (1, 2, 1), (2, 4, 1), Some(240), Some(240), Some(32), Some(32), 1, 30, 8),
        new(
            "BatchNorm.FinishGradient", (8, 1, 1), (2, 1, 1), Some(32), Some(32), Some(6), Some(6), Some(16), 6, 8, 30,
            2, 1),
        new(
            "GroupNorm.FinishMoments", (3, 1, 1), (4, 1, 1), Positive(40), Some(6), Some(6), Some(32), 6, 8, 30, 2, 1e-5f),
        new(
            "GroupNorm.FinishGradient", (3, 1, 1), (2, 1, 1), Some(32), Some(6), Some(32), Some(6), Some(6), Some(16), 6, 8,
            30, 2, 1),
        Each("GroupNorm.Gradient", Quads, Some(240), Some(240), Some(32), Some(16), Some(240), 1, 2, Quads),
        Each("Convolution.Pack", 9 * 8 * 8, Some(5 * 6 * 9), Some(576), 5, 6, 9, 576),
        Each("Convolution.PackBackward", 9 * 8 * 8, Some(5 * 6 * 9), Some(576), 5, 6, 9, 576),
        new(
            "Convolution.Forward.Tile64x64.Fp32", (1, 1, 1), (8, 8, 1), Some(240), Some(576), Some(240), Some(5), Some(240),
            Some(16), Some(32), AllFlags, 30, 3, 5, 6, 5, 9),
        new(
            "Convolution.Forward.Tile128x32.Fp32", (1, 1, 1), (4, 16, 1), Some(240), Some(576), Some(240), Some(5), Some(240),
            Some(16), Some(32), AllFlags & ~Input, 30, 3, 5, 6, 5, 9),
        Pointwise("Convolution.Forward.Tile64x64.Tf32", (8, 8, 1)),
        Pointwise("Convolution.Forward.Tile128x32.Tf32", (4, 16, 1)),
        Pointwise("Convolution.Forward.Tile128x64.Tf32", (8, 16, 1)),
        Pointwise("Convolution.Forward.Tile128x128.Tf32", (16, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile64x64.Tf32", (8, 8, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x32.Tf32", (4, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x64.Tf32", (8, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x128.Tf32", (16, 16, 1)),
        // Several slices of 16 steps, and of 16 pixels.
        new(
            "Convolution.Forward.Tile64x64.Bf16", (1, 1, 1), (8, 8, 1), Some(240), Some(576), Some(240), Some(5), Some(240),
            Some(16), Some(32), AllFlags, 30, 3, 5, 6, 5, 9),
        Pointwise("Convolution.Forward.Tile128x32.Bf16", (4, 16, 1)),
        Pointwise("Convolution.Forward.Tile128x64.Bf16", (8, 16, 1)),
        Pointwise("Convolution.Forward.Tile128x128.Bf16", (16, 16, 1)),
        new(
            "WeightGradient.Sum.Tile64x64.Bf16", (2, 1, 1), (8, 8, 1), Some(240), Some(240), Some(32), Some(73 * 8), Input, 30,
            3, 5, 6, 5, 9, 32),
        PointwiseGradient("WeightGradient.Sum.Tile128x32.Bf16", (4, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x64.Bf16", (8, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x128.Bf16", (16, 16, 1)),
        Pointwise("Convolution.Forward.Tile128x64.Fp32", (8, 16, 1)),
        Pointwise("Convolution.Forward.Tile128x128.Fp32", (16, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x32.Fp32", (4, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x64.Fp32", (8, 16, 1)),
        PointwiseGradient("WeightGradient.Sum.Tile128x128.Fp32", (16, 16, 1)),
        new(
            "WeightGradient.Sum.Tile64x64.Fp32", (2, 1, 2), (8, 8, 1), Some(240), Some(240), Some(32), Some(2 * 73 * 8), Input, 30,
            3, 5, 6, 5, 9, 16),
        Each("WeightGradient.Finish", 73 * 8, Some(2 * 73 * 8), Some(5 * 6 * 9), Some(5), 6, 5, 9, 2, 1, 73 * 8),
        Each("Resampling.MaxPool", Quads, Some(960), Some(240), 3, 5, 2, Quads),
        Each("Resampling.MaxPoolBackward", Quads, Some(960), Some(240), Some(960), 1, 3, 5, 2, Quads),
        Each("Resampling.AveragePool", Quads, Some(960), Some(240), 3, 5, 2, Quads),
        Each("Resampling.AveragePoolBackward", Quads, Some(240), Some(960), 1, 3, 5, 2, Quads),
        Each("Resampling.UpsampleNearest", 240, Some(240), Some(960), 3, 5, 2, 240),
        Each("Resampling.UpsampleLinear", 240, Some(240), Some(960), 3, 5, 2, 240),
        Each("Resampling.UpsampleAligned", 240, Some(240), Some(960), 3, 5, 2, 240),
        Each("Resampling.UpsampleAlignedBackward", Quads, Some(960), Some(240), 1, 3, 5, 2, Quads),
        Each("Resampling.UpsampleNearestBackward", Quads, Some(960), Some(240), 1, 3, 5, 2, Quads),
        Each("Resampling.UpsampleLinearBackward", Quads, Some(960), Some(240), 1, 3, 5, 2, Quads),
        Each("Windows.Unfold", 30 * 56, Some(960), Some(30 * 56), Seen, 6, 8, 56, 30 * 56),
        Each("Windows.Fold", 960, Some(30 * 56), Some(6), Some(960), Seen, 1, 1, 6, 8, 56, 960),
        Each("Windows.Depthwise", 240, Some(960), Some(54), Some(6), Some(240), Seen, 1, 6, 8, 240),
        Each("Windows.DepthwiseBackward", 960, Some(54), Some(240), Some(960), Seen, 1, 6, 8, 960),
        Each("Windows.MaxPool", 240, Some(960), Some(240), Seen, 8, 240),
        Each("Windows.MaxPoolBackward", 960, Some(960), Some(240), Some(960), Seen, 1, 8, 960),
        new("Windows.ProductSums", (1, 3, 9), (2, 4, 1), Some(960), Some(240), Some(27 * 8), Seen, 0.5f, 0, 30, 8),
        Each("Windows.FinishProductSums", 54, Some(27 * 8), Some(54), 9, 3, 8, 6, 54),
        new("Style.Normalize", (2, 1, 1), (4, 1, 1), Some(16), Some(16), 6, 8),
        new("Style.NormalizeBackward", (2, 1, 1), (4, 1, 1), Some(16), Some(16), Some(16), Some(16), 1, 6, 8),
        new("Style.Linear", (5, 2, 1), (4, 1, 1), Some(16), Some(30), Some(5), Some(16), 6, 5),
        Each("Style.LinearBackwardData", 12, Some(30), Some(16), Some(16), 1, 6, 5, 12),
        Each("Style.LinearBackwardWeights", 30, Some(16), Some(16), Some(30), Some(5), 2, 6, 5, 30),
        Each("Views.Apply", 108, Some(108), Some(108), 36, 6, 30, -6, 1, 108),
        Each(
            "Views.Moments", 108, Some(108), Some(108), Some(108), Some(108), Some(108), Some(108), Some(108),
            Some(108), Turns(), Some(108), Some(108), 8, 3, 36, 6, 108),
        Each("Thresholds.Clear", 6 * 272, new uint[6 * 272], 6),
        Each("Thresholds.Select", 6, Counts(), Kinds, 0.2f, 0.8f, 6, 0),
        Each("Thresholds.Move", 6, Counts(), Kinds, Some(12), 0.2f, 0.8f, 0.9f, 6),
        new("Thresholds.Count", (3, 10, 1), (4, 1, 1), Some(350), Some(350), AllKinds, Counts(10), 5, 35, 2, 0, 0),
        new("Thresholds.Next", (3, 6, 1), (4, 1, 1), Some(210), Some(210), Kinds, Counts(), 3, 35, 2, 0),
        // Of every kind: squares, a logit, two classes of a softmax, distances in the logit's objects.
        new(
            "Losses.Masked", (3, 10, 1), (4, 1, 1), Some(350), Some(350), Some(350), Some(20), AllKinds, Some(350),
            Some(60), 5, 35, 1, 1, 1, 0, 0.5f, 0.01f, 0.02f),
        Each("Classes.Softmax", 70, Some(210), 3, 1, 2, 35, 70),
        new(
            "Losses.FinishMasked", (1, 1, 1), (4, 1, 1), Some(36), Kinds, Some(6), 3, 2, 3, 35, 0.5f, 0.01f, 0.02f),
        new(
            "Losses.Supervised", (2, 2, 1), (4, 1, 1), Some(210), Some(70), Some(140), Some(210), Some(8), 3, 2, 0, 2,
            35, 5f, 0.01f, 0.02f, -1f),
        new("Losses.FinishSupervised", (1, 1, 1), (4, 1, 1), Some(8), Some(3), 4, 0.01f, 0.02f),
        new("Augment.PlaneSums", (2, 6, 1), (4, 1, 1), Some(210), Samples, Some(24), 3, 35),
        Each("Augment.Intensity", 210, Some(210), Samples, Some(24), Some(210), 3, 35, 2, 210),
        Each("Augment.BlurRows", 210, Some(210), Samples, Some(24), Some(210), 3, 7, 35, 2, 210),
        Each("Augment.BlurColumns", 210, Some(210), Samples, Seeds, Some(24), Some(210), 3, 7, 35, 2, 210),
        new(
            "Optimizer.Step", (3, 1, 1), (4, 1, 1), Some(Vector), Some(Vector), Some(Vector), Positive(Vector),
            Some(Vector), Some(Vector), Some(6),
            new OptimizerNumbers(0.01f, 0.1f, 0.9f, 0.1f, 0.999f, 0.001f, 10f, 31f, 1e-8f, 0.06f, 0f, 0.01f),
            OptimizerFlags.Anchor | OptimizerFlags.Teacher, 24, Vector),
        new("Optimizer.Finish", (1, 1, 1), (4, 1, 1), Some(6), Some(2), 3),
    ];

    private static KernelCase Each(string kernel, int count, params object[] arguments) =>
        new(kernel, ((count + 15) / 16, 1, 1), (16, 1, 1), arguments);

    private static KernelCase Pointwise(string kernel, (int X, int Y, int Z) group) => new(
        kernel, (1, 1, 1), group, Some(240), Some(64), Some(240), Some(5), Some(240), Some(16), Some(32), Input | ConvolutionFlags.Bias, 30, 3, 5,
        6, 5, 1);

    private static KernelCase PointwiseGradient(string kernel, (int X, int Y, int Z) group) => new(
        kernel, (1, 1, 2), group, Some(240), Some(240), Some(32), Some(2 * 9 * 8), Input, 30, 3, 5, 6, 5, 1, 16);

    /// <summary>Numbers from -1.5 to 1.5 without a pattern.</summary>
    private static float[] Some(int length) =>
        [.. Enumerable.Range(0, length).Select(i => (float)(((i + length) * 0.6180339887 % 1 * 3) - 1.5))];

    private static float[] Positive(int length) => [.. Some(length).Select(v => Math.Abs(v) + 0.1f)];

    /// <summary>A threshold state in the middle of its work.</summary>
    private static uint[] Counts(int tasks = 6) => [.. Enumerable.Range(0, tasks * 272).Select(i => (uint)(i * 7 % 5))];

    /// <summary>Eight times a half turn, with sigmoid on the last channel.</summary>
    private static int[] Turns() => [.. Enumerable.Range(0, 24).SelectMany(i =>
        new[] { 0, i % 3 == 2 ? 1 : -1, 35, -6, -1, i % 3 == 2 ? 1 : 0 })];
}
