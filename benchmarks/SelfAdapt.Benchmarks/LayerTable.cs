using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using MathNet.Numerics.Statistics;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Benchmarks;

/// <summary>Where the time of a training step goes, operation by operation.</summary>
internal static partial class LayerTable
{
    private const int Batch = 8;

    /// <summary>Writes a table by kind, then one by operation.</summary>
    public static void Write(Bench bench)
    {
        int threads = bench.Settings.Threads;
        using TrainingStep step = new(bench, threads, Batch);
        step.Run();
        step.Run();
        Layer[] layers = Measure(step, bench.Settings.Rounds, out double whole);
        double peak = PeakTable.MultiplyAddPeak(threads, bench.Settings.Rounds);
        bench.Report.Section("Layers of a training step", $"""
            Batch {Batch}, {Bench.Threads(threads)}; medians per operation. Share of peak: direct convolution
            operations per second by the multiply-add peak measured now, {peak:f0} GFLOP/s. Bytes are estimated from
            the tensors' sizes: what an operation must read and write once. The whole step, loss and AdamW included,
            took {whole:f0} ms.
            """);
        string[] columns =
        [
            "forward ms", "GFLOP/s", "of peak", "MB", "backward ms", "GFLOP/s", "of peak", "MB",
        ];
        bench.Report.Table(2, ["kind", "count", .. columns]);
        foreach (IGrouping<string, Layer> kind in layers.GroupBy(l => l.Kind)
            .OrderByDescending(g => g.Sum(l => l.Forward.Milliseconds + l.Backward.Milliseconds)))
        {
            Row(bench, kind.Key, kind.Count(), Pass.Sum(kind.Select(l => l.Forward)),
                Pass.Sum(kind.Select(l => l.Backward)), peak);
        }

        Row(bench, "all operations", layers.Length, Pass.Sum(layers.Select(l => l.Forward)),
            Pass.Sum(layers.Select(l => l.Backward)), peak);
        bench.Report.Table(2, ["operation", "tensors", .. columns]);
        for (int i = 0; i < layers.Length; i++)
        {
            Row(bench, $"{i + 1} {layers[i].Kind}", layers[i].Tensors, layers[i].Forward, layers[i].Backward, peak);
        }
    }

    private static void Row(Bench bench, string name, object second, Pass forward, Pass backward, double peak) =>
        bench.Report.Row(
        [
            name, second, .. new[] { forward, backward }.SelectMany(p => new object?[]
            {
                p.Milliseconds, p.Rate, p.Rate is { } rate ? $"{(int)Math.Round(100 * rate / peak)} %" : null,
                p.Bytes / 1e6,
            }),
        ]);

    private static Layer[] Measure(TrainingStep step, int rounds, out double whole)
    {
        int count = step.Graph.Operations.Count;
        List<double>[] forward = [.. Enumerable.Range(0, count).Select(_ => new List<double>())];
        List<double>[] backward = [.. Enumerable.Range(0, count).Select(_ => new List<double>())];
        List<double> steps = [];
        long last = 0;
        step.Graph.OperationDone = (operation, isBackward) =>
        {
            long now = Stopwatch.GetTimestamp();
            if (operation >= 0)
            {
                (isBackward ? backward : forward)[operation].Add(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
            }

            last = now;
        };
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            step.Run();
            steps.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        step.Graph.OperationDone = null;
        whole = steps.Median();
        return [.. Enumerable.Range(0, count).Select(i => Describe(
            step.Graph, step.Graph.Operations[i], forward[i].Median(),
            backward[i].Count == 0 ? 0 : backward[i].Median()))];
    }

    private static Layer Describe(TrainableGraph graph, Operation operation, double forward, double backward)
    {
        TensorShape output = Shape(graph, operation.Output);
        TensorShape[] inputs = [.. operation.Inputs.Select(v => Shape(graph, v))];
        double inputBytes = inputs.Sum(s => (double)s.Count) * sizeof(float);
        double outputBytes = (double)output.Count * sizeof(float);
        Match kernel = ConvolutionKind().Match(operation.Kind);
        int side = kernel.Success ? int.Parse(kernel.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        double weights = (double)side * side * inputs[0].C * output.C * sizeof(float);
        double work = 2.0 * side * side * inputs[0].C * output.Count;

        // A normalised convolution reads its input once more for the statistics. Its backward reads the gradient
        // for the weights and for the input, and takes the input's part through a workspace: written once and, with
        // the input, read by both passes of the normalisation.
        double input = (double)inputs[0].Count * sizeof(float);
        bool normalized = operation.BackwardNeedsWorkspace;
        double forwardBytes = inputBytes + (normalized ? input : 0) + outputBytes + weights;
        double read = operation.Inputs.Where((_, i) => operation.BackwardReadsInput(i)).Sum(v => Bytes(graph, v));
        double written = operation.Inputs.Where((v, i) => v != 0 && !operation.PassesGradient(i))
            .Sum(v => Bytes(graph, v));
        double backwardBytes = backward == 0 ? 0
            : (side > 0 ? 2 : 1) * outputBytes + read + written + (normalized ? 5 * input : 0) + (2 * weights)
                + (operation.BackwardReadsOutput ? outputBytes : 0);
        return new Layer(
            operation.Kind, $"{string.Join(" + ", inputs)} to {output}",
            new Pass(forward, work, forwardBytes), new Pass(backward, 2 * work, backwardBytes));
    }

    private static double Bytes(TrainableGraph graph, int value) => (double)Shape(graph, value).Count * sizeof(float);

    private static TensorShape Shape(TrainableGraph graph, int value) =>
        graph.Network.Values[value].ShapeFor(graph.Batch, graph.Height, graph.Width);

    [GeneratedRegex(@"Conv (\d)x\1")]
    private static partial Regex ConvolutionKind();

    /// <summary>One operation.</summary>
    private sealed record Layer(string Kind, string Tensors, Pass Forward, Pass Backward);

    /// <summary>One direction of one operation, or of several.</summary>
    private sealed record Pass(double Milliseconds, double Flops, double Bytes)
    {
        public double? Rate => Flops > 0 ? Flops / 1e6 / Milliseconds : null;

        public static Pass Sum(IEnumerable<Pass> passes) => passes.Aggregate(
            new Pass(0, 0, 0),
            (a, b) => new(a.Milliseconds + b.Milliseconds, a.Flops + b.Flops, a.Bytes + b.Bytes));
    }
}
