using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Compute;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Compute.Reference;

namespace SelfAdapt.Tests.Compute;

/// <summary>The cpu backend against the reference, as normalised mean squared error.</summary>
internal static class OperationParity
{
    private const double ForwardBound = 1e-10;
    private const double BackwardBound = 1e-9;

    /// <summary>Fails where an operation differs by more than float's rounding.</summary>
    public static void Check(OperationCase operation, int threads)
    {
        using ReferenceBackend reference = new();
        using CpuBackend cpu = new(threads);
        using OperationBench exact = new(operation, reference);
        using OperationBench fast = new(operation, cpu);
        (double[][] expected, double[][] actual) = (Results(exact), Results(fast));
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Error(expected[i], actual[i]);
            double bound = i <= operation.Statistics.Length ? ForwardBound : BackwardBound;
            Assert.IsTrue(
                error <= bound,
                $"{operation.Name}: result {i} of {expected.Length} has an NMSE of {error:e2}");
        }
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
        bench.Dirty(99);
        bench.Backward(true);
        double[][] statistics = [.. bench.Statistics.Select(OperationBench.Read)];
        return [output, .. statistics, .. gradients, .. bench.Dx.Select(bench.Read)];
    }

    /// <summary>Sum of squared differences over the sum of squares.</summary>
    public static double Error(double[] expected, double[] actual)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        double difference = expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum();
        double size = expected.Sum(e => e * e);
        return difference == 0 ? 0 : difference / size;
    }
}
