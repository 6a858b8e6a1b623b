using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;

namespace SelfAdapt.Tests.Engine;

/// <summary>A backend against the reference, as normalised mean squared error.</summary>
internal static class OperationParity
{
    private const double ForwardBound = 1e-10;
    private const double BackwardBound = 1e-9;

    /// <summary>Fails where an operation of the cpu backend differs by more than float's rounding.</summary>
    public static void Check(OperationCase operation, int threads)
    {
        using CpuBackend cpu = new(threads);
        Check(operation, cpu);
    }

    /// <summary>Fails where an operation differs by more than float's rounding.</summary>
    public static void Check(OperationCase operation, Backend backend) =>
        Require(operation.Name, Errors(operation, backend));

    /// <summary>Fails where a vector operation differs by more than float's rounding.</summary>
    public static void Check(VectorCase operation, Backend backend) =>
        Require(operation.Name, Errors(operation, backend));

    /// <summary>The error of each of an operation's results, and its bound.</summary>
    public static (double Error, double Bound)[] Errors(OperationCase operation, Backend backend) =>
        Errors(operation, backend, Exact(operation));

    /// <summary>The same beside what <see cref="Exact"/> gave.</summary>
    public static (double Error, double Bound)[] Errors(OperationCase operation, Backend backend, double[][] exact)
    {
        using OperationBench fast = new(operation, backend);
        return [.. exact.Zip(Results(fast), Error)
            .Select((error, i) => (error, i <= operation.Statistics.Length ? ForwardBound : BackwardBound))];
    }

    /// <summary>An operation's results on the reference.</summary>
    public static double[][] Exact(OperationCase operation)
    {
        using ReferenceBackend reference = new();
        using OperationBench exact = new(operation, reference);
        return Results(exact);
    }

    /// <summary>The error of each of a vector operation's results, and its bound.</summary>
    public static (double Error, double Bound)[] Errors(VectorCase operation, Backend backend)
    {
        using ReferenceBackend reference = new();
        return [.. operation.Run(reference).Zip(operation.Run(backend), Error).Select(error => (error, ForwardBound))];
    }

    /// <summary>
    /// Everything an operation computes: the output, the stored statistics, the gradients of parameters and
    /// inputs, and the inputs' gradients accumulated once more.
    /// </summary>
    public static double[][] Results(OperationBench bench)
    {
        bench.Forward();
        double[] output = bench.Read(bench.Y);
        bench.Backward(false);
        double[][] gradients = [.. bench.Dp.Select(OperationBench.Read), .. bench.Dx.Select(bench.Read)];
        bench.DirtyOutputs(99);
        bench.Backward(true);
        double[][] statistics = [.. bench.Statistics.Select(OperationBench.Read)];
        return [output, .. statistics, .. gradients, .. bench.Dx.Select(bench.Read)];
    }

    /// <summary>Sum of squared differences over the sum of squares.</summary>
    public static double Error(double[] expected, double[] actual)
    {
        if (expected.Length != actual.Length)
        {
            throw new ArgumentException($"{actual.Length} values, where {expected.Length} are expected");
        }

        // A NaN must stand where one is expected, and nowhere else.
        double difference = expected.Zip(actual, (e, a) => double.IsNaN(e) && double.IsNaN(a) ? 0 : (e - a) * (e - a))
            .Sum();
        double size = expected.Where(e => !double.IsNaN(e)).Sum(e => e * e);
        return difference == 0 ? 0 : difference / size;
    }

    private static void Require(string name, (double Error, double Bound)[] results)
    {
        for (int i = 0; i < results.Length; i++)
        {
            Assert.IsTrue(
                results[i].Error <= results[i].Bound,
                $"{name}: result {i} of {results.Length} has an NMSE of {results[i].Error:e2}");
        }
    }
}
