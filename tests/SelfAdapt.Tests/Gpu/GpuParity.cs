using System.Diagnostics;
using SelfAdapt.Engine;
using SelfAdapt.Gpu;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// What the tests check in the simulator and on the cpu, on a real GPU: every operation against the reference, whole
/// networks, the traces of Cellpose and torch, a hundred steps beside the cpu backend. Prints a table.
/// </summary>
internal sealed class GpuParity(Func<GpuPrecision, int, GpuBackend> open)
{
    /// <summary>
    /// Of fewer channels a gradient is one or two numbers, sums of a few terms that may cancel: then it says nothing
    /// about the kernel how far rounded factors move it.
    /// </summary>
    private const int FewestChannels = 16;

    private readonly Dictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];
    private readonly Dictionary<string, double[][]> _exact = new(StringComparer.Ordinal);

    /// <summary>Runs everything on a GPU.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="operationsAlone">Small operations, once: for tools that make everything slow.</param>
    /// <returns>0 where everything holds.</returns>
    public static int Run(int index, bool operationsAlone)
    {
        GpuDevices devices = GpuDevices.Find(GpuKind.Cuda);
        if (devices.Devices.Count <= index)
        {
            Console.WriteLine($"no GPU: {devices.Text}");
            return (int)ErrorKind.DeviceMissing;
        }

        Console.WriteLine($"{devices.Devices[index]}; driver for CUDA {devices.Version}");
        return new GpuParity(
            (precision, busyGroups) => new GpuBackend(GpuBackend.OpenDevice(devices, index))
            {
                Precision = precision,
                BusyGroups = busyGroups,
            }).Run(operationsAlone);
    }

    /// <summary>Most that an operation's NMSE may be on tensor cores.</summary>
    /// <param name="precision">What they multiply in.</param>
    public static double Bound(GpuPrecision precision) => precision == GpuPrecision.Bf16 ? 1e-4 : 1e-6;

    private int Run(bool operationsAlone)
    {
        // With the tiles that large tensors get, and with those of small ones.
        Operations(1, !operationsAlone);
        if (!operationsAlone)
        {
            Operations(GpuBackend.DefaultBusyGroups, true);
            TensorCores(GpuPrecision.Tf32);
            TensorCores(GpuPrecision.Bf16);
            Networks();
            Training();
        }

        Print();
        return _failures.Count == 0 ? 0 : 1;
    }

    private void Operations(int busyGroups, bool large)
    {
        using GpuBackend backend = open(GpuPrecision.Fp32, busyGroups);
        foreach (OperationCase operation in OperationCases.All.Where(o => large || !o.Large))
        {
            Note(operation.Name, () => OperationParity.Errors(operation, backend, Exact(operation)));
        }

        foreach (VectorCase operation in VectorCases.All)
        {
            Note(operation.Name, () => OperationParity.Errors(operation, backend));
        }
    }

    private void TensorCores(GpuPrecision precision)
    {
        foreach (int busyGroups in (int[])[1, GpuBackend.DefaultBusyGroups])
        {
            using GpuBackend backend = open(precision, busyGroups);
            foreach (OperationCase operation in OperationCases.All.Where(
                o => o.Kernel is not null && o.Inputs[0].C >= FewestChannels))
            {
                Note(
                    $"{precision.ToString().ToUpperInvariant()}:{operation.Name}",
                    () => [.. OperationParity.Errors(operation, backend, Exact(operation))
                        .Select(e => (e.Error, Bound(precision)))]);
            }
        }
    }

    /// <summary>The reference is slow: each operation once.</summary>
    private double[][] Exact(OperationCase operation)
    {
        if (!_exact.TryGetValue(operation.Name, out double[][]? results))
        {
            _exact.Add(operation.Name, results = OperationParity.Exact(operation));
        }

        return results;
    }

    private void Networks()
    {
        foreach (object[] network in NetworkGradientTests.Cases)
        {
            Try(
                $"network {network[0]}, {network[1]} statistics, against the reference",
                () => NetworkGradientTests.CheckWholeNetwork(
                    (string)network[0], (NormStatistics)network[1],
                    open(GpuPrecision.Fp32, GpuBackend.DefaultBusyGroups)));
        }
    }

    private void Training()
    {
        Try("ten supervised steps against Cellpose's trace", () =>
        {
            using GpuBackend backend = open(GpuPrecision.Fp32, GpuBackend.DefaultBusyGroups);
            CellposeTraceTests.CheckTraining(backend, 1e-3, 3e-3);
        });
        Try("three steps of SelfAdapt against torch's trace", () =>
        {
            using GpuBackend backend = open(GpuPrecision.Fp32, GpuBackend.DefaultBusyGroups);
            CellposeTraceTests.CheckSelfTraining(backend);
        });
        Try("100 steps beside the cpu backend", () =>
        {
            using GpuBackend backend = open(GpuPrecision.Fp32, GpuBackend.DefaultBusyGroups);
            Console.WriteLine(HundredSteps.Compare(backend));
        });
        Try("the same step twice gives the same bits", () =>
        {
            float[] first = Weights();
            CollectionAssert.AreEqual(first, Weights());

            float[] Weights()
            {
                using GpuBackend backend = open(GpuPrecision.Fp32, GpuBackend.DefaultBusyGroups);
                return HundredSteps.Run(backend, 3).Weights;
            }
        });
    }

    private void Note(string name, Func<(double Error, double Bound)[]> run)
    {
        string family = name.Split(' ', 2)[0];
        (double error, bool holds) = (double.NaN, false);
        try
        {
            (double Error, double Bound)[] results = run();
            (error, holds) = (results.Max(r => r.Error), results.All(r => r.Error <= r.Bound));
        }
        catch (SelfAdaptException e)
        {
            _failures.Add($"{name}: {e.Message}");
        }

        if (!holds)
        {
            _failures.Add(FormattableString.Invariant($"{name}: NMSE {error:e2}"));
        }

        Family known = _families.GetValueOrDefault(family);
        _families[family] = new(
            known.Cases + 1, double.IsNaN(error) ? error : Math.Max(known.Worst, error),
            known.Failed + (holds ? 0 : 1));
    }

    private void Try(string what, Action run)
    {
        long start = Stopwatch.GetTimestamp();
        string verdict = "holds";
        try
        {
            run();
        }
        catch (Exception e) when (e is AssertFailedException or SelfAdaptException)
        {
            verdict = "FAILED";
            _failures.Add($"{what}: {e.Message}");
        }
        catch (AssertInconclusiveException e)
        {
            verdict = $"not run: {e.Message}";
        }

        Console.WriteLine(FormattableString.Invariant(
            $"{what}: {verdict} ({Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s)"));
    }

    private void Print()
    {
        Console.WriteLine();
        Console.WriteLine("| operation | cases | largest NMSE | |");
        Console.WriteLine("|---|---:|---:|---|");
        foreach ((string name, Family family) in _families)
        {
            string verdict = family.Failed == 0 ? "holds" : $"{family.Failed} FAILED";
            Console.WriteLine(FormattableString.Invariant(
                $"| {name} | {family.Cases} | {family.Worst:e2} | {verdict} |"));
        }

        Console.WriteLine();
        _failures.ForEach(Console.WriteLine);
        Console.WriteLine(_failures.Count == 0 ? "parity: everything holds" : $"parity: {_failures.Count} FAILED");
    }

    private readonly record struct Family(int Cases, double Worst, int Failed);
}
