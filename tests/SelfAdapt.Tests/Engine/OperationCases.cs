using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Engine;

/// <summary>One operation on one shape: how it runs, forward and backward.</summary>
internal sealed record OperationCase(
    string Name, TensorShape[] Inputs, TensorShape Output, Action<OperationBench> Forward,
    Action<OperationBench, bool> Backward)
{
    /// <summary>Lengths of the trained vectors.</summary>
    public int[] Parameters { get; init; } = [];

    /// <summary>Lengths of the stored vectors.</summary>
    public int[] Statistics { get; init; } = [];

    /// <summary>Kernel size where it is a convolution.</summary>
    public int? Kernel { get; init; }


    /// <summary>Whole numbers as input: ties in maxima and exact zeros, where no derivative exists.</summary>
    public bool Kinks { get; init; }

    /// <summary>Too large for the reference's finite differences.</summary>
    public bool Large { get; init; }

    public override string ToString() => Name;

    /// <summary>Floats from [-1, 1): the same on every backend.</summary>
    public static float[] Noise(int count, ulong key) => [.. HostVectors.Noise(count, key).Select(v => (float)v)];

    public static float[] Activations(OperationCase operation, int count, ulong key) =>
        [.. Noise(count, key).Select(v => operation.Kinks ? MathF.Round(2 * v) : v)];
}

/// <summary>Every operation of the engine, over shapes that are odd in some way.</summary>
internal static class OperationCases
{
    private static readonly TensorShape[] Shapes =
    [
        new(1, 1, 1, 1), new(1, 1, 5, 7), new(2, 3, 1, 1), new(1, 17, 3, 5), new(3, 16, 4, 2), new(2, 35, 3, 3),
    ];

    // The widths of the tiles that the cpu backend computes (14 pixels, 16 and 32 lanes) and one more or less.
    private static readonly TensorShape[] LargeShapes = [new(2, 20, 6, 21), new(1, 48, 7, 15), new(1, 33, 2, 129)];

    public static IEnumerable<OperationCase> All =>
        [.. Convolutions(), .. Norms(), .. GroupNorms(), .. Elementwise(), .. Resampling(), .. Windows(), .. Channels(), .. Pooled()];

    private static IEnumerable<OperationCase> Convolutions()
    {
        // Wide enough to be cut into several bands of rows.
        yield return Conv(new TensorShape(1, 17, 15, 300), 18, 3, true) with { Large = true };
        // Wide enough for more Winograd tiles than a group or a lane takes, and for whole tiles off every edge.
        yield return Conv(new TensorShape(2, 32, 27, 70), 48, 3, true) with { Large = true };
        yield return Conv(new TensorShape(2, 80, 14, 13), 64, 3, true) with { Large = true };
        foreach (int kernel in (int[])[1, 3])
        {
            foreach (bool relu in (bool[])[false, true])
            {
                foreach (TensorShape shape in
                    (TensorShape[])[new(1, 2, 5, 7), new(1, 17, 3, 5), new(2, 16, 9, 12), .. LargeShapes])
                {
                    yield return FusedConv(shape, 18, kernel, relu);
                }
            }

            foreach (bool bias in (bool[])[true, false])
            {
                foreach (TensorShape shape in Shapes)
                {
                    yield return Conv(shape, shape.C == 17 ? 33 : shape.C + 2, kernel, bias);
                }

                foreach (TensorShape shape in LargeShapes)
                {
                    yield return Conv(shape, 35, kernel, bias) with { Large = true };
                }
            }
        }
    }

    private static OperationCase Conv(TensorShape shape, int outputs, int kernel, bool bias) => new(
        $"Conv {kernel}x{kernel} {(bias ? "with" : "without")} bias {shape} to {outputs}",
        [shape], shape with { C = outputs },
        b =>
        {
            b.Convolution!.LoadWeights(b.Parameter(0), bias ? b.Parameter(1) : null, true);
            b.Convolution.Forward(new NormalizedTensor(b.X[0]), default, b.Y);
        },
        (b, accumulate) =>
        {
            b.Convolution!.BackwardWeights(
                new NormalizedTensor(b.X[0]), b.Dy, b.Gradient(0), bias ? b.Gradient(1) : null);
            b.Convolution.BackwardData(b.Dy, b.Dx[0], accumulate);
        })
    {
        Parameters = bias ? [outputs * shape.C * kernel * kernel, outputs] : [outputs * shape.C * kernel * kernel],
        Kernel = kernel,
    };

    /// <summary>Normalised on reading, two terms added on writing; backward as a graph runs it.</summary>
    private static OperationCase FusedConv(TensorShape shape, int outputs, int kernel, bool relu)
    {
        TensorShape output = shape with { C = outputs };
        return new OperationCase(
            $"{(relu ? "BatchNorm+Relu" : "BatchNorm")}+Conv {kernel}x{kernel}+terms {shape} to {outputs}",
            [shape, output, output with { H = 1, W = 1 }], output,
            b =>
            {
                b.Backend.Operators.BatchNormStatistics(b.X[0], b.Norm(relu), NormStatistics.Batch, b.Saved);
                b.Convolution!.LoadWeights(b.Parameter(2), b.Parameter(3), true);
                b.Convolution.Forward(
                    new NormalizedTensor(b.X[0], b.Norm(relu), b.Saved), new ConvolutionTerms(b.X[1], b.X[2]), b.Y);
            },
            (b, accumulate) =>
            {
                // In place, where nothing is in the gradient yet.
                using DeviceTensor? own = accumulate ? b.Backend.CreateTensor(shape) : null;
                DeviceTensor work = own ?? b.Dx[0];
                b.Convolution!.BackwardWeights(
                    new NormalizedTensor(b.X[0], b.Norm(relu), b.Saved), b.Dy, b.Gradient(2), b.Gradient(3));
                b.Convolution.BackwardData(b.Dy, work, false);
                b.Backend.Operators.BatchNormBackward(
                    b.X[0], b.Norm(relu), NormStatistics.Batch, b.Saved, work, b.Dx[0], accumulate, b.Gradient(0),
                    b.Gradient(1));
                b.Backend.Operators.Copy(b.Dy, b.Dx[1], accumulate);
                b.Backend.Operators.AddPerChannelBackward(b.Dy, b.Dx[2], accumulate);
            })
        {
            Parameters = [shape.C, shape.C, outputs * shape.C * kernel * kernel, outputs],
            Statistics = [shape.C, shape.C],
            Kernel = kernel,
            Large = LargeShapes.Contains(shape),
        };
    }

    private static IEnumerable<OperationCase> Norms()
    {
        // Of two values per channel, batch normalisation makes -1 and +1 whatever they are: the gradient is pure
        // cancellation. Five instead.
        TensorShape[] shapes = [.. Shapes.Select(s => s is { N: 2, H: 1, W: 1 } ? s with { N = 5 } : s)];
        foreach (NormStatistics use in Enum.GetValues<NormStatistics>())
        {
            foreach (bool relu in (bool[])[false, true])
            {
                foreach (TensorShape shape in shapes.Concat(LargeShapes))
                {
                    yield return new OperationCase(
                        $"BatchNorm{(relu ? "+Relu" : "")} {use} {shape}", [shape], shape,
                        b => b.Backend.Operators.BatchNorm(b.X[0], b.Norm(relu), use, b.Saved, b.Y),
                        (b, accumulate) => b.Backend.Operators.BatchNormBackward(
                            b.X[0], b.Norm(relu), use, b.Saved, b.Dy, b.Dx[0], accumulate, b.Gradient(0),
                            b.Gradient(1)))
                    {
                        Parameters = [shape.C, shape.C],
                        Statistics = [shape.C, shape.C],
                        Large = LargeShapes.Contains(shape),
                    };
                }
            }
        }
    }

    private static IEnumerable<OperationCase> GroupNorms()
    {
        foreach ((int groups, TensorShape shape) in ((int, TensorShape)[])
            [
                (1, new(2, 1, 5, 7)), (1, new(2, 3, 2, 3)), (3, new(2, 6, 3, 4)), (8, new(1, 24, 3, 5)),
                (5, new(2, 35, 3, 3)), (4, new(2, 20, 6, 21)), (8, new(1, 48, 7, 15)), (3, new(1, 33, 2, 129)), (19, new(2, 19, 3, 5)),
            ])
        {
            yield return new OperationCase(
                $"GroupNorm {groups} of {shape}", [shape], shape,
                b => b.Backend.Operators.GroupNorm(
                    b.X[0], new(b.Parameter(0), b.Parameter(1), groups, 1e-5f), b.Y),
                (b, accumulate) => b.Backend.Operators.GroupNormBackward(
                    b.X[0], new(b.Parameter(0), b.Parameter(1), groups, 1e-5f), b.Dy, b.Dx[0], accumulate,
                    b.Gradient(0), b.Gradient(1)))
            {
                Parameters = [shape.C, shape.C],
                Large = LargeShapes.Contains(shape),
            };
        }
    }

    private static IEnumerable<OperationCase> Elementwise()
    {
        foreach (TensorShape shape in Shapes)
        {
            foreach (bool kinks in (bool[])[false, true])
            {
                yield return new OperationCase(
                    $"Relu {shape}{(kinks ? " with zeros" : "")}", [shape], shape,
                    b => b.Backend.Operators.Relu(b.X[0], b.Y),
                    (b, accumulate) => b.Backend.Operators.ReluBackward(b.Y, b.Dy, b.Dx[0], accumulate))
                { Kinks = kinks };
            }

            foreach (ElementKind kind in Enum.GetValues<ElementKind>())
            {
                ElementFunction function = new(kind, kind == ElementKind.Clip ? 0.6f : 0.3f);
                yield return new OperationCase(
                    $"{kind} {shape}", [shape], shape,
                    b => b.Backend.Operators.Apply(b.X[0], b.Y, function),
                    (b, accumulate) => b.Backend.Operators.ApplyBackward(b.X[0], b.Dy, b.Dx[0], function, accumulate));
            }

            yield return new OperationCase(
                $"Copy {shape}", [shape], shape,
                b => b.Backend.Operators.Copy(b.X[0], b.Y, false),
                (b, accumulate) => b.Backend.Operators.Copy(b.Dy, b.Dx[0], accumulate));
            yield return new OperationCase(
                $"Add {shape}", [shape, shape], shape,
                b => b.Backend.Operators.Add(b.X[0], b.X[1], b.Y),
                (b, accumulate) =>
                {
                    b.Backend.Operators.Copy(b.Dy, b.Dx[0], accumulate);
                    b.Backend.Operators.Copy(b.Dy, b.Dx[1], accumulate);
                });
            yield return new OperationCase(
                $"Multiply {shape}", [shape, shape], shape,
                b => b.Backend.Operators.Multiply(b.X[0], b.X[1], b.Y, false),
                (b, accumulate) =>
                {
                    b.Backend.Operators.Multiply(b.Dy, b.X[1], b.Dx[0], accumulate);
                    b.Backend.Operators.Multiply(b.Dy, b.X[0], b.Dx[1], accumulate);
                });
            yield return new OperationCase(
                $"MultiplyPerChannel {shape}", [shape, shape with { H = 1, W = 1 }], shape,
                b => b.Backend.Operators.MultiplyPerChannel(b.X[0], b.X[1], b.Y, false),
                (b, accumulate) =>
                {
                    b.Backend.Operators.MultiplyPerChannel(b.Dy, b.X[1], b.Dx[0], accumulate);
                    b.Backend.Operators.MultiplyPerChannelBackward(b.X[0], b.Dy, b.Dx[1], accumulate);
                });
            foreach (int slopes in ((int[])[1, shape.C]).Distinct())
            {
                yield return new OperationCase(
                    $"PRelu {shape}, slopes: {slopes}", [shape], shape,
                    b => b.Backend.Operators.PRelu(b.X[0], b.Parameter(0), b.Y),
                    (b, accumulate) => b.Backend.Operators.PReluBackward(
                        b.X[0], b.Parameter(0), b.Dy, b.Dx[0], accumulate, b.Gradient(0)))
                { Parameters = [slopes] };
            }

            yield return new OperationCase(
                $"AddPerChannel {shape}", [shape, shape with { H = 1, W = 1 }], shape,
                b => b.Backend.Operators.AddPerChannel(b.X[0], b.X[1], b.Y),
                (b, accumulate) =>
                {
                    b.Backend.Operators.Copy(b.Dy, b.Dx[0], accumulate);
                    b.Backend.Operators.AddPerChannelBackward(b.Dy, b.Dx[1], accumulate);
                });
        }
    }

    private static IEnumerable<OperationCase> Resampling()
    {
        foreach (TensorShape shape in Shapes)
        {
            TensorShape twice = shape with { H = 2 * shape.H, W = 2 * shape.W };
            foreach (bool kinks in (bool[])[false, true])
            {
                yield return new OperationCase(
                    $"MaxPool {twice}{(kinks ? " with ties" : "")}", [twice], shape,
                    b => b.Backend.Operators.MaxPool(b.X[0], b.Y, Window.Halving),
                    (b, accumulate) => b.Backend.Operators.MaxPoolBackward(
                        b.X[0], b.Dy, b.Dx[0], Window.Halving, accumulate))
                { Kinks = kinks };
            }

            yield return new OperationCase(
                $"AveragePool {twice}", [twice], shape,
                b => b.Backend.Operators.AveragePool(b.X[0], b.Y),
                (b, accumulate) => b.Backend.Operators.AveragePoolBackward(b.Dy, b.Dx[0], accumulate));
            foreach (UpsampleMode mode in Enum.GetValues<UpsampleMode>())
            {
                yield return new OperationCase(
                    $"Upsample {mode} {shape}", [shape], twice,
                    b => b.Backend.Operators.Upsample(b.X[0], b.Y, mode),
                    (b, accumulate) => b.Backend.Operators.UpsampleBackward(b.Dy, b.Dx[0], mode, accumulate));
            }
        }
    }

    private static IEnumerable<OperationCase> Windows()
    {
        Window[] windows =
        [
            Window.Halving, Window.Centred(1) with { Stride = 2 }, Window.Centred(3) with { Stride = 2 },
            Window.Centred(3) with { Stride = 2, Top = 0, Left = 0 }, new(4, 4, 2, 1, 1, 1), new(5, 3, 1, 1, 2, 1),
            new(3, 3, 1, 2, 2, 2), new(7, 7, 4, 1, 3, 2),
        ];
        foreach (Window window in windows)
        {
            foreach (TensorShape small in (TensorShape[])[new(1, 1, 1, 2), new(2, 3, 3, 5), new(1, 19, 2, 3), new(2, 20, 6, 21)])
            {
                TensorShape large = small with { H = window.Stride * small.H, W = window.Stride * small.W };
                TensorShape unfolded = small with { C = small.C * window.Taps };
                string name = $"{window}, {window.Top} above, {large}";
                bool tooLarge = small.H > 3;
                yield return new OperationCase(
                    $"Unfold {name}", [large], unfolded, b => b.Backend.Operators.Unfold(b.X[0], b.Y, window),
                    (b, accumulate) => b.Backend.Operators.Fold(b.Dy, null, b.Dx[0], window, accumulate))
                { Large = tooLarge };
                yield return new OperationCase(
                    $"Fold {name}", [unfolded], large,
                    b => b.Backend.Operators.Fold(b.X[0], b.Parameter(0), b.Y, window, false),
                    (b, accumulate) =>
                    {
                        using DeviceTensor own = b.Backend.CreateTensor(unfolded);
                        b.Backend.Operators.Unfold(b.Dy, own, window);
                        b.Backend.Operators.Copy(own, b.Dx[0], accumulate);
                        b.Backend.Operators.SumPerChannel(b.Dy, b.Gradient(0));
                    })
                { Parameters = [small.C], Large = tooLarge };
                yield return new OperationCase(
                    $"MaxPool {name}", [large], small, b => b.Backend.Operators.MaxPool(b.X[0], b.Y, window),
                    (b, accumulate) => b.Backend.Operators.MaxPoolBackward(b.X[0], b.Dy, b.Dx[0], window, accumulate))
                { Large = tooLarge };
                yield return new OperationCase(
                    $"Depthwise {name}", [large], small,
                    b => b.Backend.Operators.Depthwise(b.X[0], b.Parameter(0), b.Parameter(1), b.Y, window),
                    (b, accumulate) =>
                    {
                        b.Backend.Operators.DepthwiseBackward(
                            b.X[0], b.Parameter(0), b.Dy, b.Dx[0], accumulate, b.Gradient(0), window);
                        b.Backend.Operators.SumPerChannel(b.Dy, b.Gradient(1));
                    })
                { Parameters = [small.C * window.Taps, small.C], Large = tooLarge };
            }

            TensorShape odd = new(2, 3, 4, 8);
            yield return new OperationCase(
                $"MaxPool {window}, {window.Top} above, with ties", [odd],
                odd with { H = odd.H / window.Stride, W = odd.W / window.Stride },
                b => b.Backend.Operators.MaxPool(b.X[0], b.Y, window),
                (b, accumulate) => b.Backend.Operators.MaxPoolBackward(b.X[0], b.Dy, b.Dx[0], window, accumulate))
            { Kinks = true };
        }
    }

    private static IEnumerable<OperationCase> Channels()
    {
        foreach (int[] parts in (int[][])[[1, 1], [16, 16], [3, 20, 2], [15, 17], [5, 16, 40], [40, 7]])
        {
            TensorShape[] inputs = [.. parts.Select(c => new TensorShape(2, c, 3, 5))];
            int[] starts = [.. parts.Select((_, i) => parts.Take(i).Sum())];
            yield return new OperationCase(
                $"Concat {string.Join("+", parts)}", inputs, inputs[0] with { C = parts.Sum() },
                b => ForEachPart(i => b.Backend.Operators.CopyToChannels(b.X[i], b.Y, starts[i], false)),
                (b, accumulate) => ForEachPart(
                    i => b.Backend.Operators.CopyFromChannels(b.Dy, starts[i], b.Dx[i], accumulate)));

            void ForEachPart(Action<int> body)
            {
                for (int i = 0; i < parts.Length; i++)
                {
                    body(i);
                }
            }
        }
    }

    private static IEnumerable<OperationCase> Pooled()
    {
        foreach (TensorShape shape in Shapes.Concat(LargeShapes))
        {
            yield return new OperationCase(
                $"GlobalAveragePool {shape}", [shape], shape with { H = 1, W = 1 },
                b => b.Backend.Operators.GlobalAveragePool(b.X[0], b.Y),
                (b, accumulate) => b.Backend.Operators.GlobalAveragePoolBackward(b.Dy, b.Dx[0], accumulate))
            { Large = LargeShapes.Contains(shape) };
        }

        foreach ((int batch, int channels) in ((int, int)[])[(1, 1), (1, 3), (2, 16), (3, 17), (2, 256)])
        {
            TensorShape shape = new(batch, channels, 1, 1);
            yield return new OperationCase(
                $"L2Normalize {shape}", [shape], shape,
                b => b.Backend.Operators.L2Normalize(b.X[0], b.Y),
                (b, accumulate) => b.Backend.Operators.L2NormalizeBackward(b.X[0], b.Y, b.Dy, b.Dx[0], accumulate));
            foreach (int outputs in (int[])[1, 19])
            {
                yield return new OperationCase(
                    $"Linear {shape} to {outputs}", [shape], shape with { C = outputs },
                    b => b.Backend.Operators.Linear(b.X[0], b.Parameter(0), b.Parameter(1), b.Y),
                    (b, accumulate) => b.Backend.Operators.LinearBackward(
                        b.X[0], b.Parameter(0), b.Dy, b.Dx[0], accumulate, b.Gradient(0), b.Gradient(1)))
                { Parameters = [outputs * channels, outputs] };
            }
        }
    }
}
