using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SelfAdapt.Autodiff;
using SelfAdapt.Compute;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Onnx;
using SelfAdapt.OnnxRuntime;

namespace SelfAdapt.Benchmarks;

/// <summary>
/// The full-size Cellpose network on this machine's processor: the built-in engine and ONNX Runtime in turn, in
/// one process, and the parts of a training step. Usage: [--threads N] [--rounds N] [--size N].
/// </summary>
internal static class Program
{
    private static readonly int[] Widths = [2, 32, 64, 128, 256];

    private static int Main(string[] arguments)
    {
        if (arguments is ["masks", ..])
        {
            return MasksBenchmark.Run(arguments.AsSpan(1));
        }

        if (!TryParse(arguments, out Settings settings))
        {
            Console.Error.WriteLine(
                "usage: dotnet run -c Release --project benchmarks/SelfAdapt.Benchmarks -- [--threads N] "
                + "[--rounds N] [--size N]\n"
                + "rounds: 5 or more, the medians are reported; size: crop in px, a multiple of 8.");
            return 2;
        }

        ulong counter = 0;
        OnnxModel model = CellposeGraphBuilder.Build(
            CellposeGraphBuilder.RandomState(Widths, () => CounterRandom.Uniform(1, counter++)));
        Network network = NetworkImporter.Import(model);
        using CpuBackend backend = new(settings.Threads);
        using NetworkWeights weights = new(network, backend);
        OrtLibrary? library = OrtLibrary.TryFind(null, out string reason);

        Print($"Cellpose network, {network.ParameterCount:N0} parameters, {settings.Size} x {settings.Size} px, "
            + $"median of {settings.Rounds}.");
        Print($"built-in: {backend.Name}; ONNX Runtime: "
            + (library is null ? "not measured, " + reason : $"CPU, {settings.Threads} threads"));
        Print("");
        Print("| what | batch | built-in ms | GFLOP/s | ONNX Runtime ms | GFLOP/s | ONNX Runtime / built-in |");
        Print("|---|---:|---:|---:|---:|---:|---:|");
        foreach (int batch in (int[])[1, 8])
        {
            Forward(model, weights, backend, library, batch, settings);
        }

        Print("");
        Print("| training step | batch | built-in ms | GFLOP/s |");
        Print("|---|---:|---:|---:|");
        Train(weights, backend, 8, settings);
        return 0;
    }

    private static void Forward(
        OnnxModel model, NetworkWeights weights, Backend backend, OrtLibrary? library, int batch,
        Settings settings)
    {
        Network network = weights.Network;
        using TrainableGraph graph = new(
            network, weights, backend, batch, settings.Size, settings.Size, GraphMode.Inference);
        float[] x = Noise(graph.Input.Length, 2);
        List<Action> contestants = [() =>
        {
            graph.Input.Upload(x);
            graph.Forward();
        }];
        using OrtSession? session = library is null
            ? null
            : new OrtSession(library, model.Bytes, new OrtOptions(Threads: settings.Threads));
        if (session is not null)
        {
            long[] shape = [batch, network.InputChannels, settings.Size, settings.Size];
            contestants.Add(() => session.Run(x, shape, [network.OutputName], (_, _, _) => { }));
        }

        double work = Work.Forward(network, settings.Size, settings.Size) * batch;
        double[] medians = Stopwatches.Alternate(settings.Rounds, contestants);
        string other = session is null
            ? "- | - | -"
            : Text($"{medians[1]:f0} | {work / medians[1] / 1e6:f0} | {medians[1] / medians[0]:f2}");
        Print(Text($"| forward | {batch} | {medians[0]:f0} | {work / medians[0] / 1e6:f0} | {other} |"));
    }

    private static void Train(NetworkWeights weights, Backend backend, int batch, Settings settings)
    {
        Network network = weights.Network;
        using TrainableGraph graph = new(
            network, weights, backend, batch, settings.Size, settings.Size, GraphMode.Training);
        using DeviceVector first = backend.CreateVector(network.ParameterCount);
        using DeviceVector second = backend.CreateVector(network.ParameterCount);
        using DeviceVector anchor = backend.CreateVector(network.ParameterCount);
        using DeviceVector teacher = backend.CreateVector(network.ParameterCount);
        using DeviceVector sums = backend.CreateVector(2);
        backend.Copy(weights.Parameters, anchor);
        backend.Copy(weights.Parameters, teacher);
        graph.Input.Upload(Noise(graph.Input.Length, 2));
        graph.OutputGradient!.Upload([.. Noise(graph.Output.Length, 3).Select(v => v / graph.Output.Length)]);
        int step = 0;
        double[] medians = Stopwatches.Alternate(settings.Rounds,
        [
            () => graph.Forward(NormStatistics.BatchAndUpdate),
            graph.Backward,
            () =>
            {
                backend.OptimizerStep(
                    new OptimizerVectors(
                        weights.Parameters, graph.ParameterGradients!, first, second, anchor, teacher),
                    new OptimizerStepOptions(++step, 1e-5f, 1e-3f, 0.9f, 0.999f, 1e-8f, 1e-3f, false, 0.99f),
                    sums);
                weights.MarkChanged();
            },
        ]);

        // Backward multiplies twice where forward does once: for the input's gradient and for the weights'.
        double forward = Work.Forward(network, settings.Size, settings.Size) * batch;
        double backward = 2 * forward;
        Print(Text($"| forward | {batch} | {medians[0]:f0} | {forward / medians[0] / 1e6:f0} |"));
        Print(Text($"| backward | {batch} | {medians[1]:f0} | {backward / medians[1] / 1e6:f0} |"));
        Print(Text($"| AdamW, L2-SP, EMA | {batch} | {medians[2]:f0} | - |"));
        double all = medians.Sum();
        Print(Text($"| whole | {batch} | {all:f0} | {(forward + backward) / all / 1e6:f0} |"));
    }

    private static float[] Noise(int count, ulong key) =>
        [.. Enumerable.Range(0, count).Select(i => (float)CounterRandom.Uniform(key, (ulong)i))];

    private static void Print(FormattableString text) => Console.WriteLine(Text(text));

    private static void Print(string text) => Console.WriteLine(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static bool TryParse(string[] arguments, out Settings settings)
    {
        settings = new Settings(Environment.ProcessorCount, 5, 224);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length || !int.TryParse(
                arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value))
            {
                return false;
            }

            switch (arguments[i])
            {
                case "--threads" when value is >= 1 and <= 1024:
                    settings = settings with { Threads = value };
                    break;
                case "--rounds" when value is >= 5 and <= 1000:
                    settings = settings with { Rounds = value };
                    break;
                case "--size" when value is >= 8 and <= 2048 && value % 8 == 0:
                    settings = settings with { Size = value };
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private sealed record Settings(int Threads, int Rounds, int Size);
}
