using System.Diagnostics;
using System.Runtime.Intrinsics;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Engine;

/// <summary>
/// Every operation: the reference backend against finite differences, the cpu backend against the reference.
/// </summary>
[TestClass]
internal sealed class OperationTests
{
    // In double, the rounding of a difference quotient is near 1e-9 at this step, its truncation far below.
    private const double Step = 1e-6;
    private const double Tolerance = 1e-7;
    private const int CoordinatesPerTensor = 40;

    public static IEnumerable<object[]> Smooth =>
        OperationCases.All.Where(c => !c.Kinks && !c.Large).Select(c => new object[] { c.Name });

    public static IEnumerable<object[]> Every => OperationCases.All.Select(c => new object[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Smooth))]
    public void Backward_Reference_EqualsFiniteDifferences(string name)
    {
        using ReferenceBackend backend = new();
        using OperationBench bench = new(Find(name), backend);
        double[] weights = OperationBench.Values(bench.Dy);
        double Loss()
        {
            bench.Forward();
            return OperationBench.Values(bench.Y).Zip(weights, (y, w) => y * w).Sum();
        }

        bench.Forward();
        bench.Backward(false);
        for (int i = 0; i < bench.X.Length; i++)
        {
            Compare(Loss, OperationBench.Values(bench.X[i]), bench.Read(bench.Dx[i]), $"input {i}");
        }

        for (int i = 0; i < bench.P.Length; i++)
        {
            double[] gradient = OperationBench.Read(bench.Dp[i]);
            Compare(Loss, OperationBench.Values(bench.P[i]), gradient, $"parameter {i}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Every))]
    public void Backward_Accumulating_AddsToWhatIsThere(string name)
    {
        using ReferenceBackend backend = new();
        using OperationBench bench = new(Find(name), backend);
        bench.Forward();
        bench.Backward(false);
        double[][] written = [.. bench.Dx.Select(bench.Read)];

        bench.Backward(true);

        for (int i = 0; i < written.Length; i++)
        {
            double[] twice = bench.Read(bench.Dx[i]);
            Assert.IsTrue(twice.Zip(written[i], (t, w) => Math.Abs(t - (2 * w))).Max() <= 1e-12);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Every))]
    public void Cpu_AgreesWithTheReference(string name) => OperationParity.Check(Find(name), 2);

    [TestMethod]
    [DynamicData(nameof(Every))]
    public void Cpu_AnyNumberOfThreads_GivesTheSameBits(string name)
    {
        double[][] expected = Results(name, 1);
        foreach (int threads in (int[])[2, 3])
        {
            double[][] actual = Results(name, threads);
            for (int i = 0; i < expected.Length; i++)
            {
                CollectionAssert.AreEqual(expected[i], actual[i], $"{threads} threads, result {i}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Every))]
    public void Cpu_BorderAndSpareChannels_StayZero(string name)
    {
        using CpuBackend backend = new(2);
        using OperationBench bench = new(Find(name), backend);
        bench.Forward();
        bench.Backward(false);
        bench.Backward(true);
        foreach (DeviceTensor tensor in bench.X.Concat(bench.Dx).Append(bench.Y).Append(bench.Dy))
        {
            CpuTensors.RequireZeroPadding((CpuTensor)tensor);
        }
    }

    /// <summary>
    /// The kernels for processors without AVX-512, and for those without AVX2, in a child process.
    /// </summary>
    [TestMethod]
    [DataRow("AVX2", "EnableAVX512")]
    [DataRow("128-bit SIMD", "EnableAVX512", "EnableAVX", "EnableAVX2", "EnableFMA")]
    public void Cpu_NarrowerInstructionSets_AgreeWithTheReference(string expected, params string[] off)
    {
        if (!Vector512.IsHardwareAccelerated)
        {
            Assert.Inconclusive("not run: this processor has no AVX-512; its kernels ran in the other tests");
        }

        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            ArgumentList = { "exec", typeof(OperationTests).Assembly.Location },
            RedirectStandardOutput = true,
        };
        if (!Path.GetFileNameWithoutExtension(Environment.ProcessPath!)
            .Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            Assert.Inconclusive("not run: the tests were not started by dotnet");
        }

        foreach (string name in off)
        {
            start.Environment["DOTNET_" + name] = "0";
        }

        using Process child = Process.Start(start)!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.AreEqual(0, child.ExitCode, output);
        StringAssert.Contains(output, $", {expected})", StringComparison.Ordinal);
    }

    [TestMethod]
    public void MaxPoolBackward_Ties_GoToTheFirstInRowOrder()
    {
        foreach (Backend backend in (Backend[])[new ReferenceBackend(), new CpuBackend(1)])
        {
            using (backend)
            {
                TensorShape shape = new(1, 1, 2, 4);
                using DeviceTensor x = backend.CreateTensor(shape);
                using DeviceTensor dx = backend.CreateTensor(shape);
                using DeviceTensor dy = backend.CreateTensor(new TensorShape(1, 1, 1, 2));
                Fill(backend, x, 1, 3, 2, 0, 3, 3, 2, 2);
                Fill(backend, dy, 5, 7);
                backend.Operators.MaxPoolBackward(x, dy, dx, Window.Halving, false);
                using DeviceVector result = backend.CreateVector(8);
                backend.Operators.Export(dx, result.Whole);
                CollectionAssert.AreEqual(
                    new double[] { 0, 5, 7, 0, 0, 0, 0, 0 }, OperationBench.Read(result), backend.Name);
            }
        }
    }

    [TestMethod]
    public void L2Normalize_ZeroSample_StaysZeroForwardAndBackward()
    {
        foreach (Backend backend in (Backend[])[new ReferenceBackend(), new CpuBackend(1)])
        {
            using (backend)
            {
                TensorShape shape = new(2, 3, 1, 1);
                using DeviceTensor x = backend.CreateTensor(shape);
                using DeviceTensor y = backend.CreateTensor(shape);
                using DeviceTensor dy = backend.CreateTensor(shape);
                using DeviceTensor dx = backend.CreateTensor(shape);
                Fill(backend, x, 0, 0, 0, 3, 0, 4);
                Fill(backend, dy, 1, 2, 3, 0, 1, 0);
                backend.Operators.L2Normalize(x, y);
                backend.Operators.L2NormalizeBackward(x, y, dy, dx, false);
                using DeviceVector result = backend.CreateVector(6);
                backend.Operators.Export(y, result.Whole);
                double[] unit = OperationBench.Read(result);
                backend.Operators.Export(dx, result.Whole);
                double[] gradient = OperationBench.Read(result);
                for (int i = 0; i < 6; i++)
                {
                    Assert.AreEqual(new[] { 0, 0, 0, 0.6, 0, 0.8 }[i], unit[i], 1e-7, backend.Name);
                    Assert.AreEqual(new[] { 0, 0, 0, 0, 0.2, 0 }[i], gradient[i], 1e-7, backend.Name);
                }
            }
        }
    }

    private static void Fill(Backend backend, DeviceTensor tensor, params float[] values)
    {
        using DeviceVector vector = backend.CreateVector(values.Length);
        vector.Upload(values);
        backend.Operators.Import(vector.Whole, tensor);
    }

    private static OperationCase Find(string name) => OperationCases.All.Single(c => c.Name == name);

    private static double[][] Results(string name, int threads)
    {
        using CpuBackend backend = new(threads);
        using OperationBench bench = new(Find(name), backend);
        return OperationParity.Results(bench);
    }

    private static void Compare(Func<double> loss, double[] values, double[] gradient, string what)
    {
        double scale = 1 + gradient.Max(Math.Abs);
        int stride = Math.Max(1, values.Length / CoordinatesPerTensor);
        for (int i = 0; i < values.Length; i += stride)
        {
            double quotient = Quotient(loss, values, k => k == i ? 1 : 0);
            Assert.AreEqual(quotient, gradient[i], Tolerance * scale, $"{what}, element {i}");
        }

        // All elements at once, along a random direction.
        double[] direction = HostVectors.Noise(values.Length, 77);
        double slope = gradient.Zip(direction, (g, d) => g * d).Sum();
        Assert.AreEqual(
            Quotient(loss, values, k => direction[k]), slope,
            Tolerance * scale * Math.Sqrt(values.Length), what);
    }

    private static double Quotient(Func<double> loss, double[] values, Func<int, double> direction)
    {
        double[] kept = [.. values];
        double At(double step)
        {
            for (int k = 0; k < values.Length; k++)
            {
                values[k] = kept[k] + (step * direction(k));
            }

            return loss();
        }

        double quotient = (At(Step) - At(-Step)) / (2 * Step);
        kept.CopyTo(values, 0);
        return quotient;
    }
}
