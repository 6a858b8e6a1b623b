using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tests.Engine;


namespace SelfAdapt.Tests.Gpu;

/// <summary>Supervised training of the full-size network on a small batch: does a backend stay with the cpu's?</summary>
internal static class HundredSteps
{
    private const int Batch = 2;
    private const int Size = 32;

    /// <summary>
    /// Most that losses may differ by, as a share: entries whose gradient is zero in exact arithmetic take full-sized
    /// AdamW steps from rounding noise, other ones in every implementation, so that runs part slowly. The cpu backend's
    /// two ways to convolve part by 1.2e-3 in 100 steps.
    /// </summary>
    private const double Bound = 5e-3;

    private const double FirstBound = 1e-5;

    /// <summary>Fails where the losses part too far.</summary>
    /// <param name="backend">What is compared with the cpu backend.</param>
    /// <param name="steps">For so many steps.</param>
    /// <returns>How far they part, in words.</returns>
    public static string Compare(Backend backend, int steps = 100)
    {
        using CpuBackend cpu = new(exact: true);
        float[] expected = Run(cpu, steps).Losses;
        float[] actual = Run(backend, steps).Losses;
        double[] differences = [.. expected.Zip(actual, (e, a) => Math.Abs((double)a - e) / Math.Abs(e))];
        string text = FormattableString.Invariant(
            $"loss {expected[0]:g6} to {expected[^1]:g6}; differs by {differences[0]:e1} at first, at most ")
            + FormattableString.Invariant(
                $"{differences.Take(10).Max():e1} in 10 and {differences.Max():e1} in {steps} steps");
        Assert.IsTrue(differences[0] <= FirstBound && differences.Max() <= Bound, text);
        return text;
    }

    /// <summary>Trains.</summary>
    /// <returns>The loss of every step, and the weights after the last.</returns>
    public static (float[] Losses, float[] Weights) Run(Backend backend, int steps)
    {
        ulong counter = 0;
        Network network = Network.Read(CellposeGraphBuilder.Build(
            CellposeGraphBuilder.RandomState([2, 32, 64, 128, 256], () => CounterRandom.Uniform(1, counter++))));
        ChannelMeaning[] channels = network.Outputs.Meanings;
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, Batch, Size, Size, GraphMode.Training);
        int pixels = Batch * Size * Size;
        using DeviceVector cell = backend.CreateVector(pixels);
        using DeviceVector flow = backend.CreateVector(2 * pixels);
        using DeviceVector first = backend.CreateVector(network.ParameterCount);
        using DeviceVector second = backend.CreateVector(network.ParameterCount);
        using DeviceVector sums = backend.CreateVector(3);
        using DeviceVector optimizerSums = backend.CreateVector(2);
        graph.Input.Upload(OperationCase.Noise(graph.Input.Length, 1));
        cell.Upload([.. OperationCase.Noise(pixels, 2).Select(v => v > 0 ? 1f : 0)]);
        flow.Upload(OperationCase.Noise(2 * pixels, 3));
        float[] losses = new float[steps];
        float[] read = new float[3];
        for (int step = 1; step <= steps; step++)
        {
            graph.Forward(NormStatistics.BatchAndUpdate);
            backend.Steps.SupervisedLoss(
                graph.Output, graph.OutputShape, channels, cell, flow, 5, graph.OutputGradient!, sums);
            graph.Backward();
            backend.Steps.OptimizerStep(
                new OptimizerVectors(weights.Parameters, graph.ParameterGradients!, first, second, null, null),
                new OptimizerStepOptions(step, 1e-4f, 1e-5f, 0.9f, 0.999f, 1e-8f, 0, false, 1), optimizerSums);
            weights.MarkChanged();
            sums.Download(read);
            losses[step - 1] = read[2];
        }

        return (losses, weights.Download().Parameters);
    }
}
