using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Gpu;

/// <summary>The cuda backend, every launch of it run by the simulator, against the reference.</summary>
[TestClass]
internal sealed class GpuBackendTests
{
    // Less than a quad of channels more than whole ones, and pixels that fill no tile.
    private const string OddShape = " 1x17x3x5";

    private static readonly string[] RepeatedFlags =
    [
        "without bias", "BatchNorm+Conv", "BatchNorm+Relu+Conv 1x1", "BatchNorm Batch ", "BatchNorm BatchAndUpdate ",
        "BatchNorm+Relu Batch ", "BatchNorm+Relu Stored ",
    ];

    /// <summary>
    /// Without what is large. What differs from another case by flags alone is there for one shape: a barrier costs the
    /// simulator so much that a real GPU has the rest to itself (<see cref="GpuParity"/>).
    /// </summary>
    public static IEnumerable<object[]> Operations => OperationCases.All
        .Where(c => !c.Large && (c.Name.Contains(OddShape, StringComparison.Ordinal)
            || !Array.Exists(RepeatedFlags, f => c.Name.Contains(f, StringComparison.Ordinal))))
        .Select(c => new object[] { c.Name });

    public static IEnumerable<object[]> Vectors => VectorCases.All.Select(c => new object[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Operations))]
    public void Operation_AgreesWithTheReference(string name)
    {
        using GpuBackend backend = new(new SimulatedDevice());
        OperationParity.Check(OperationCases.All.Single(c => c.Name == name), backend);
    }

    [TestMethod]
    [DataRow(GpuPrecision.Tf32, "BatchNorm+Relu+Conv 1x1+terms 1x17x3x5 to 18")]
    [DataRow(GpuPrecision.Tf32, "Conv 1x1 with bias 1x17x3x5 to 33")]
    [DataRow(GpuPrecision.Bf16, "BatchNorm+Relu+Conv 1x1+terms 1x17x3x5 to 18")]
    [DataRow(GpuPrecision.Bf16, "Conv 1x1 with bias 1x17x3x5 to 33")]
    public void Convolution_OnTensorCores_StaysWithinItsBound(GpuPrecision precision, string name)
    {
        using GpuBackend backend = new(new SimulatedDevice()) { Precision = precision };
        OperationCase operation = OperationCases.All.Single(c => c.Name == name);
        foreach ((double error, _) in OperationParity.Errors(operation, backend))
        {
            Assert.IsTrue(error <= GpuParity.Bound(precision), $"NMSE {error:e2}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Vectors))]
    public void VectorOperation_AgreesWithTheReference(string name)
    {
        using GpuBackend backend = new(new SimulatedDevice());
        OperationParity.Check(VectorCases.All.Single(c => c.Name == name), backend);
    }

    [TestMethod]
    public void CreateTensors_PlacesInOneBlock_LieWhereTheyWerePlanned()
    {
        SimulatedDevice device = new();
        using GpuBackend backend = new(device);
        int held = device.Held;
        TensorShape shape = new(1, 5, 3, 3);
        long bytes = backend.TensorBytes(shape);
        Assert.AreEqual(0, bytes % GpuTensor.Alignment);
        using (TensorBlock block = backend.CreateTensors([new(shape, 0, bytes), new(shape, bytes, bytes)]))
        {
            Assert.AreEqual(2 * bytes, block.Bytes);
            Assert.AreEqual(held + 1, device.Held);
            Fill(backend, block.Tensors[0], 2);
            Fill(backend, block.Tensors[1], 3);
            Assert.IsTrue(Read(backend, block.Tensors[0]).All(v => v == 2));
            Assert.IsTrue(Read(backend, block.Tensors[1]).All(v => v == 3));
        }

        Assert.AreEqual(held, device.Held);
    }

    [TestMethod]
    public void SelfTraining_TwoStepsInTheSimulator_AgreeWithTheReference()
    {
        Network network = Network.Read(SmallNetworks.Cellpose(4));

        // Stored statistics: with the batch's, biases have no gradient but rounding's; AdamW makes whole steps of that.
        AdaptationOptions options = new()
        {
            BatchSize = 1,
            Crop = 8,
            Views = 2,
            StudentNorm = StudentNorm.Stored,
        };
        SimulatedDevice device = new();
        using (GpuBackend cuda = new(new LazyDevice(device, uploadsEarly: true)))
        using (ReferenceBackend reference = new())
        {
            double[][] expected = Adapt(network, reference, options);
            double[][] actual = Adapt(network, cuda, options);
            for (int i = 0; i < expected.Length; i++)
            {
                double error = OperationParity.Error(expected[i], actual[i]);
                Assert.IsTrue(error <= 1e-9, $"result {i} of {expected.Length} has an NMSE of {error:e2}");
            }
        }

        Assert.AreEqual(0, device.Held, "all memory was given back");
    }

    /// <summary>Two steps; weights of student and teacher, their statistics, and the numbers for the log.</summary>
    private static double[][] Adapt(Network network, Backend backend, AdaptationOptions options)
    {
        using AdaptationStep training = new(network, backend, options);
        int length = options.BatchSize * 2 * options.Crop * options.Crop;
        StrongAugmentation[] strong = [new(true, true, 1.2f, 0.8f, 0.7f, 0.05f, 3)];

        // As a run does it: the next batch is sent while a step is under way.
        training.Send(OperationCase.Noise(length, 5));
        training.Begin(strong, 1e-3);
        training.Send(OperationCase.Noise(length, 6));
        StepPoint first = training.End();
        training.Begin(strong, 1e-3);
        StepPoint[] points = [first, training.End()];
        DeviceVector[] vectors =
        [
            training.Student.Parameters, training.Student.Statistics, training.Teacher.Parameters,
            training.Teacher.Statistics,
        ];
        return
        [
            .. vectors.Select(OperationBench.Read),
            .. points.Select(p => (double[])[p.CrossEntropy, p.SquaredError, p.L2Sp, p.Loss, p.GradientNorm]),
            .. points.Select(p => p.Thresholds.ToArray().Select(t => (double)t).ToArray()),
            .. points.Select(p => p.Kept.ToArray().Select(k => (double)k).ToArray()),
        ];
    }

    [TestMethod]
    public void HundredSteps_AnotherWayToConvolve_StaysWithinTheBoundsForAGpu()
    {
        // The bounds that a GPU has to keep, kept by what is known to be right: Winograd's algorithm.
        using CpuBackend backend = new();
        StringAssert.Contains(HundredSteps.Compare(backend, 2), "2 steps", StringComparison.Ordinal);
    }

    private static void Fill(GpuBackend backend, DeviceTensor tensor, float value)
    {
        using DeviceVector vector = backend.CreateVector((int)tensor.Shape.Count);
        backend.Fill(vector, value);
        backend.Import(vector.Whole, tensor);
    }

    private static double[] Read(GpuBackend backend, DeviceTensor tensor)
    {
        using DeviceVector vector = backend.CreateVector((int)tensor.Shape.Count);
        backend.Export(tensor, vector.Whole);
        return OperationBench.Read(vector);
    }
}
