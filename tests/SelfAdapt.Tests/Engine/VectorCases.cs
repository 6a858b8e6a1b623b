using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;

namespace SelfAdapt.Tests.Engine;

/// <summary>One of the adaptation's vector operations on fixed data: everything that it computes.</summary>
internal sealed record VectorCase(string Name, Func<Backend, double[][]> Run)
{
    public override string ToString() => Name;
}

/// <summary>Every vector operation, with its switches, over sizes that are odd in some way.</summary>
internal static class VectorCases
{
    private static readonly ChannelMeaning[] Channels =
        [ChannelMeaning.VectorRow, ChannelMeaning.VectorColumn, ChannelMeaning.Logit, ChannelMeaning.Scalar];

    /// <summary>StarDist's, with eight rays, and a logit that does not come first.</summary>
    private static readonly ChannelMeaning[] Rays = new OutputDescription(
        [new(new RaysKind(8), 0, "rays"), new(OutputKind.Logit, 8, "logit")]).Meanings;

    /// <summary>Three classes of a softmax beside a logit.</summary>
    private static readonly ChannelMeaning[] Classes = new OutputDescription(
        [new(OutputKind.Logit, 0, "logit"), new(new ClassesKind(3), 1, "class")]).Meanings;

    public static IEnumerable<VectorCase> All =>
    [
        .. Plain(), .. Views(), .. Moments(), .. Thresholds(), .. Losses(), .. Augmentations(), .. Optimizers(),
    ];

    private static IEnumerable<VectorCase> Plain()
    {
        foreach (int length in (int[])[1, 31, 1030])
        {
            yield return new($"Fill {length}", backend => Using(backend, vectors =>
            {
                DeviceVector target = vectors.Noise(length, 1);
                backend.Steps.Fill(target, -2.5f);
                return [VectorShelf.Read(target)];
            }));
            yield return new($"Copy {length}", backend => Using(backend, vectors =>
            {
                DeviceVector target = vectors.Noise(length, 1);
                backend.Steps.Copy(vectors.Noise(length, 2), target);
                return [VectorShelf.Read(target)];
            }));
            yield return new($"MoveTowards {length}", backend => Using(backend, vectors =>
            {
                DeviceVector target = vectors.Noise(length, 1);
                backend.Steps.MoveTowards(target, vectors.Noise(length, 2), 0.99f);
                return [VectorShelf.Read(target)];
            }));
        }
    }

    private static IEnumerable<VectorCase> Views() =>
        from view in Enum.GetValues<Orientation>()
        from shape in (TensorShape[])[new(2, 3, 4, 7), new(1, 1, 33, 18), new(1, 2, 1, 1)]
        select new VectorCase($"Reorient {view} {shape}", backend => Using(backend, vectors =>
        {
            DeviceVector target = vectors.Zeros((int)shape.Count);
            backend.Steps.Reorient(vectors.Noise((int)shape.Count, 3), shape, view, target);
            return [VectorShelf.Read(target)];
        }));

    private static IEnumerable<VectorCase> Moments() =>
        from count in (int[])[1, 2, 8]
        from probabilities in (bool[])[false, true]
        from channels in (ChannelMeaning[][])[Channels, Rays, Classes]
        select new VectorCase(
            $"ViewMoments of {count}{(probabilities ? " as probabilities" : "")}{Named(channels)}", backend => Using(backend, vectors =>
            {
                TensorShape shape = new(2, channels.Length, 5, 5);
                int length = (int)shape.Count;
                DeviceVector[] outputs = [.. Enumerable.Range(0, count).Select(i => vectors.Noise(length, (ulong)i))];
                (DeviceVector mean, DeviceVector deviation) = (vectors.Zeros(length), vectors.Zeros(length));
                backend.Steps.ViewMoments(
                    outputs, Enum.GetValues<Orientation>().AsSpan(8 - count), shape, channels, probabilities, mean, deviation);
                return [VectorShelf.Read(mean), VectorShelf.Read(deviation)];
            }));

    private static IEnumerable<VectorCase> Thresholds()
    {
        foreach (bool probabilities in (bool[])[false, true])
        {
            foreach ((string what, Func<int, ulong, float[]> data) in ((string, Func<int, ulong, float[]>)[])
                [
                    ("", Noise),
                    (" with ties", (n, key) => [.. Noise(n, key).Select(v => MathF.Round(3 * v) / 4)]),
                    (" without background", (n, key) => [.. Noise(n, key).Select(v => 0.75f + (v / 5))]),
                    (" with a NaN", (n, key) => [.. Noise(n, key).Select((v, i) => i == n - 2 ? float.NaN : v)]),
                ])
            {
                foreach (ChannelMeaning[] channels in (ChannelMeaning[][])[Channels, Rays, Classes])
                {
                    yield return new(
                        $"UpdateThresholds{(probabilities ? " of probabilities" : "")}{what}{Named(channels)}",
                        backend => Using(backend, vectors =>
                        {
                            TensorShape shape = new(2, channels.Length, 9, 5);
                            int length = (int)shape.Count;
                            DeviceVector thresholds = vectors.Zeros(4 * channels.Length);
                            for (ulong batch = 0; batch < 2; batch++)
                            {
                                backend.Steps.UpdateThresholds(
                                    vectors.Of(data(length, 10 + batch)),
                                    vectors.Of([.. data(length, 20 + batch).Select(MathF.Abs)]), shape, channels,
                                    0.2f, 0.8f, 0.9f, probabilities, thresholds);
                            }

                            return [VectorShelf.Read(thresholds)];
                        }));
                }
            }
        }
    }

    private static IEnumerable<VectorCase> Losses()
    {
        TensorShape shape = new(2, 4, 7, 9);
        int length = (int)shape.Count;
        float[] thresholds = [0.5f, 0, 1, 0, 0.4f, 0, 1, 0, 0.6f, 0.65f, 1, 1, 0.6f, 0, 1, 0];
        foreach (MaskedLossOptions options in (MaskedLossOptions[])
            [
                new(0.5f, false, false, false, false), new(0.5f, true, true, false, false),
                new(2, true, false, true, false), new(0.5f, false, true, true, true), new(0, true, true, false, true),
            ])
        {
            foreach (ChannelMeaning[] channels in (ChannelMeaning[][])[Rays, Classes])
            {
                yield return new($"MaskedLoss{Named(channels)} {options}", backend => Using(backend, vectors =>
                {
                    TensorShape size = shape with { C = channels.Length };
                    int count = (int)size.Count;
                    (DeviceVector gradient, DeviceVector sums) = (vectors.Noise(count, 1), vectors.Zeros(3 + channels.Length));
                    DeviceVector labels = vectors.Noise(count, 3);
                    backend.Steps.Softmax(labels, size, channels);
                    backend.Steps.MaskedLoss(
                        vectors.Of([.. Noise(count, 2).Select(v => 3 * v)]), labels,
                        vectors.Of([.. Noise(count, 4).Select(MathF.Abs)]), size, channels, options,
                        vectors.Of([.. Enumerable.Range(0, 4 * channels.Length).Select(i => i % 4 < 2 ? 0.45f : 1)]), gradient,
                        sums);
                    return [VectorShelf.Read(labels), VectorShelf.Read(gradient), VectorShelf.Read(sums)];
                }));
            }

            yield return new($"MaskedLoss {options}", backend => Using(backend, vectors =>
            {
                DeviceVector gradient = vectors.Noise(length, 1);
                DeviceVector sums = vectors.Zeros(7);
                backend.Steps.MaskedLoss(
                    vectors.Of([.. Noise(length, 2).Select(v => 3 * v)]), vectors.Noise(length, 3),
                    vectors.Of([.. Noise(length, 4).Select(MathF.Abs)]), shape, Channels, options,
                    vectors.Of(thresholds), gradient, sums);
                return [VectorShelf.Read(gradient), VectorShelf.Read(sums)];
            }));
        }

        foreach ((string name, ChannelMeaning[] channels) in ((string, ChannelMeaning[])[])
            [("of every kind", Channels), ("of a logit", [ChannelMeaning.Logit]), ("of rays", Rays)])
        {
            yield return new($"SupervisedLoss {name}", backend => Using(backend, vectors =>
            {
                TensorShape size = shape with { C = channels.Length };
                int pixels = size.N * size.H * size.W;
                DeviceVector gradient = vectors.Noise((int)size.Count, 1);
                DeviceVector sums = vectors.Zeros(3);
                backend.Steps.SupervisedLoss(
                    vectors.Of([.. Noise((int)size.Count, 2).Select(v => 4 * v)]), size, channels,
                    vectors.Of([.. Noise(pixels, 3).Select(v => v > 0 ? channels == Rays ? v : 1f : 0)]),
                    vectors.Noise((channels == Rays ? 8 : 2) * pixels, 4), channels == Rays ? 1 : 5,
                    gradient, sums);
                return [VectorShelf.Read(gradient), VectorShelf.Read(sums)];
            }));
        }
    }

    private static IEnumerable<VectorCase> Augmentations()
    {
        StrongAugmentation[] samples =
        [
            new(true, true, 1.3f, 0.7f, 1.8f, 0.2f, 99), new(true, false, 0.4f, 1.7f, 0.3f, 0.1f, 7),
            new(false, false, 2, 2, 2, 2, 5), new(true, true, 1, 1.5f, 0, 0, 6), new(true, false, 1.1f, 1, 0, 0.3f, 8),
        ];
        foreach (TensorShape shape in (TensorShape[])[new(5, 2, 12, 9), new(5, 1, 3, 41), new(5, 2, 1, 1)])
        {
            yield return new($"StrongAugment {shape}", backend => Using(backend, vectors =>
            {
                float[] image = Noise((int)shape.Count, 6);
                int plane = shape.H * shape.W;
                image.AsSpan((shape.C - 1) * plane, plane).Clear();
                DeviceVector target = vectors.Noise(image.Length, 7);
                backend.Steps.StrongAugment(vectors.Of(image), shape, samples, target);
                return [VectorShelf.Read(target)];
            }));
        }
    }

    private static IEnumerable<VectorCase> Optimizers()
    {
        foreach ((string name, bool held, bool decoupled, float keep, float rate) in
            ((string, bool, bool, float, float)[])
            [
                ("with anchor and teacher", true, false, 0.9f, 0.01f), ("decoupled", true, true, 0.9f, 0.01f),
                ("alone", false, false, 1, 0.01f), ("teacher held", true, false, 1, 0.01f),
                ("learning rate 0", true, false, 0.9f, 0),
            ])
        {
            foreach (int length in (int[])[3, 2100])
            {
                yield return new($"OptimizerStep {name} {length}", backend => Using(backend, vectors =>
                {
                    OptimizerVectors state = new(
                        vectors.Noise(length, 1), vectors.Noise(length, 2), vectors.Zeros(length),
                        vectors.Zeros(length), held ? vectors.Noise(length, 3) : null,
                        held ? vectors.Noise(length, 4) : null);
                    DeviceVector sums = vectors.Zeros(2);
                    for (int step = 1; step <= 3; step++)
                    {
                        backend.Steps.OptimizerStep(
                            state, new(step, rate, 0.1f, 0.9f, 0.999f, 1e-8f, 0.05f, decoupled, keep), sums);
                    }

                    return
                    [
                        VectorShelf.Read(state.Weights), VectorShelf.Read(state.FirstMoment),
                        VectorShelf.Read(state.SecondMoment), VectorShelf.Read(sums),
                        .. held ? [VectorShelf.Read(state.Teacher!)] : (double[][])[],
                    ];
                }));
            }
        }
    }

    private static string Named(ChannelMeaning[] channels) => channels == Rays ? " of rays" : channels == Classes ? " of classes" : "";

    private static float[] Noise(int count, ulong key) => OperationCase.Noise(count, key);

    private static double[][] Using(Backend backend, Func<VectorShelf, double[][]> run)
    {
        using VectorShelf vectors = new(backend);
        return run(vectors);
    }

    /// <summary>Vectors of one run, disposed together.</summary>
    private sealed class VectorShelf(Backend backend) : IDisposable
    {
        private readonly List<DeviceVector> _held = [];

        public DeviceVector Zeros(int length)
        {
            DeviceVector vector = backend.CreateVector(length);
            _held.Add(vector);
            return vector;
        }

        public DeviceVector Of(float[] values)
        {
            DeviceVector vector = Zeros(values.Length);
            vector.Upload(values);
            return vector;
        }

        public DeviceVector Noise(int length, ulong key) => Of(VectorCases.Noise(length, key));

        public static double[] Read(DeviceVector vector) => OperationBench.Read(vector);

        public void Dispose() => _held.ForEach(v => v.Dispose());
    }
}
