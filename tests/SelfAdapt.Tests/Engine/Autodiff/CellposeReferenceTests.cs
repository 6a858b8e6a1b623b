using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Cellpose's network against the reference numbers of docs/cellpose.md 8.1 and 8.2.</summary>
[TestClass]
internal sealed class CellposeReferenceTests
{
    private const int Height = 32;
    private const int Width = 48;

    private static readonly Lazy<Network> Filled = new(() => Network.Read(
        CellposeGraphBuilder.Build(FilledState())));

    [TestMethod]
    public void Import_FullSizeCellpose_HasTheTrainableValuesOfTheSpec() =>
        Assert.AreEqual(6_600_843, Filled.Value.ParameterCount);

    [TestMethod]
    public void Forward_Reference_ReproducesAppendixB1()
    {
        using ReferenceBackend backend = new();
        CheckForward(backend, 1e-6);
    }

    [TestMethod]
    public void Forward_Cpu_ReproducesAppendixB1()
    {
        using CpuBackend backend = new(2);
        CheckForward(backend, 1e-5);
    }

    [TestMethod]
    public void Step_Reference_ReproducesAppendixB2()
    {
        using ReferenceBackend backend = new();
        CheckStep(backend, 1e-4);
    }

    [TestMethod]
    [DataRow(true, 1.41e-2)]
    [DataRow(false, 8e-2)]
    public void Step_Cpu_ReproducesAppendixB2(bool exact, double tolerance)
    {
        // This case is ill-conditioned in float32 (24 pixels per channel at the bottleneck: one ReLU on the other
        // side of zero shows). Torch 1.13 itself, in float32, is off by 1.41e-2 in the first of these tensors and by
        // 2e-3 on the median; that is the bound for direct convolution. Winograd's algorithm is off by up to 6.4e-2.
        // CellposeTraceTests holds the cpu backend to tighter bounds on a real case.
        using CpuBackend backend = new(2, exact);
        CheckStep(backend, tolerance);
    }

    private static void CheckForward(Backend backend, double tolerance)
    {
        using NetworkWeights weights = new(Filled.Value, backend);
        using TrainableGraph graph = new(Filled.Value, weights, backend, 1, Height, Width, GraphMode.Inference);
        graph.Input.Upload(Input(1));
        graph.Forward();
        float[] y = new float[graph.Output.Length];
        float[] style = new float[graph.Embedding.Length];
        graph.Output.Download(y);
        graph.Embedding.Download(style);

        // Differences are measured against the output's largest value, 258.
        void Near(double expected, double actual) => Assert.AreEqual(expected, actual, tolerance * 258);
        double At(int c, int row, int column) => y[(((c * Height) + row) * Width) + column];
        double[][] expected =
        [
            [0, 0, 7.37205095, -9.51610865, 11.5024319],
            [15, 20, 97.1550015, -151.825184, 205.852294],
            [31, 47, 8.40473909, -10.9149921, 13.2627398],
        ];
        foreach (double[] row in expected)
        {
            for (int c = 0; c < 3; c++)
            {
                Near(row[2 + c], At(c, (int)row[0], (int)row[1]));
            }
        }

        double[] means = [61.9586698, -93.3868896, 124.371338];
        for (int c = 0; c < 3; c++)
        {
            Near(means[c], y.AsSpan(c * Height * Width, Height * Width).ToArray().Average(v => (double)v));
        }

        Assert.AreEqual(7422.88238, Math.Sqrt(y.Sum(v => (double)v * v)), 7422.88238 * tolerance);
        double[] head = [-0.0860311271, -0.0918361324, -0.082359887, -0.0806672347, -0.0729978545];
        for (int i = 0; i < head.Length; i++)
        {
            Assert.AreEqual(head[i], style[i], 1e-6);
        }

        Assert.AreEqual(-0.243935858, style.Sum(v => (double)v), 1e-5);
    }

    private static void CheckStep(Backend backend, double gradientTolerance)
    {
        const int Batch = 2;
        Network network = Filled.Value;
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, Batch, Height, Width, GraphMode.Training);
        using DeviceVector cell = backend.CreateVector(Batch * Height * Width);
        using DeviceVector flow = backend.CreateVector(Batch * 2 * Height * Width);
        using DeviceVector sums = backend.CreateVector(3);
        graph.Input.Upload(Input(Batch));
        cell.Upload(Fill(Batch, 1, (_, _, y, x) => Math.Sin(0.3 * y) * Math.Cos(0.25 * x) > 0 ? 1 : 0));
        flow.Upload(Fill(Batch, 2, (_, c, y, x) =>
            c == 0 ? 0.6 * Math.Cos((0.2 * y) + (0.1 * x)) : 0.6 * Math.Sin((0.15 * x) - (0.1 * y))));

        graph.Forward(NormStatistics.BatchAndUpdate, 0.05f);
        backend.Steps.SupervisedLoss(
            graph.Output, graph.OutputShape, network.Outputs.Meanings, cell, flow, 5f,
            graph.OutputGradient!, sums);
        graph.Backward();

        float[] loss = new float[3];
        sums.Download(loss);
        Assert.AreEqual(2.348181069, loss[0], 1e-5);
        Assert.AreEqual(0.723108571, loss[1], 1e-5);
        Assert.AreEqual(3.07128964, loss[2], 1e-5);

        float[] gradients = new float[network.ParameterCount];
        graph.ParameterGradients!.Download(gradients);
        CheckGradients(network, gradients, gradientTolerance);
        CheckStatistics(network, weights.Download().Statistics);
    }

    private static void CheckGradients(Network network, float[] gradients, double tolerance)
    {
        (string Name, double Norm, double First)[] expected =
        [
            ("downsample.down.res_down_0.conv.conv_0.0.weight", 0.371715942, 0.276414759),
            ("downsample.down.res_down_0.conv.conv_0.2.weight", 0.634286911, -0.0574116731),
            ("downsample.down.res_down_3.conv.conv_3.2.weight", 3.10429363, 0.00322198818),
            ("downsample.down.res_down_3.proj.1.weight", 0.926094338, 0.000935074635),
            ("upsample.up.res_up_3.conv.conv_1.full.weight", 0.0319689237, -1.74747992e-05),
            ("upsample.up.res_up_3.conv.conv_0.2.weight", 1.67311398, 8.73612302e-06),
            ("upsample.up.res_up_0.proj.0.weight", 0.510739394, 0.0241517992),
            ("output.0.bias", 0.275614967, 0.0265776258),
            ("output.2.weight", 0.976934064, -0.245249672),
            ("output.2.bias", 0.180279896, 0.110740266),
        ];
        foreach ((string name, double norm, double first) in expected)
        {
            float[] g = Part(network.Parameters, gradients, name);
            Assert.AreEqual(norm, Norm(g), norm * tolerance, name);

            // A single element against the size of its tensor: the first one can be far below the others.
            Assert.AreEqual(first, g[0], tolerance * Math.Max(Math.Abs(first), norm / Math.Sqrt(g.Length)), name);
        }

        Assert.AreEqual(194.410549, Norm(gradients), 194.410549 * tolerance);
        float[] zero = Part(network.Parameters, gradients, "upsample.up.res_up_0.conv.conv_3.full.bias");
        Assert.AreEqual(0, Norm(zero), 1e-4);
    }

    private static void CheckStatistics(Network network, float[] statistics)
    {
        (string Name, double[] Values)[] expected =
        [
            ("downsample.down.res_down_0.conv.conv_0.0.running_mean", [0.070837065, 0.0641514694]),
            ("downsample.down.res_down_0.conv.conv_0.0.running_var", [1.07048887, 1.04319136]),
            ("output.0.running_mean", [-0.0577325638, -0.0370107667, -0.0691714699]),
            ("output.0.running_var", [0.857842527, 0.82326238, 0.789300338]),
            ("upsample.up.res_up_3.proj.0.running_mean", [-0.0213430247, -0.0135979015, 0.0198064547]),
            ("upsample.up.res_up_3.proj.0.running_var", [2.13618919, 2.00145932, 1.92594767]),
        ];
        foreach ((string name, double[] values) in expected)
        {
            float[] actual = Part(network.Statistics, statistics, name);
            for (int i = 0; i < values.Length; i++)
            {
                Assert.AreEqual(values[i], actual[i], 1e-4 * Math.Abs(values[i]), name);
            }
        }
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static float[] Part(IReadOnlyList<NetworkTensor> tensors, float[] values, string name)
    {
        NetworkTensor tensor = tensors.Single(t => t.Name == name);
        return values.AsSpan(tensor.Offset, tensor.Length).ToArray();
    }

    private static float[] Input(int batch) =>
        Fill(batch, 2, (n, c, y, x) => Math.Sin((0.21 * y) + (0.13 * x) + (0.7 * c) + (0.4 * n)));

    private static float[] Fill(int batch, int channels, Func<int, int, int, int, double> value)
    {
        float[] filled = new float[batch * channels * Height * Width];
        for (int i = 0; i < filled.Length; i++)
        {
            (int x, int y, int plane) = (i % Width, i / Width % Height, i / (Width * Height));
            filled[i] = (float)value(plane / channels, plane % channels, y, x);
        }

        return filled;
    }

    /// <summary>The state dict of appendix B.1: entry k, element j from sin(0.5 k + 0.1 j + 0.3).</summary>
    private static TorchCheckpoint FilledState()
    {
        TorchCheckpoint random = CellposeGraphBuilder.RandomState([2, 32, 64, 128, 256], () => 0.5);
        List<OnnxTensor> tensors = [];
        for (int k = 0; k < random.Tensors.Count; k++)
        {
            OnnxTensor tensor = random.Tensors[k];
            if (!OnnxDataTypes.IsFloating(tensor.DataType) || tensor.Name.StartsWith("diam_", StringComparison.Ordinal))
            {
                tensors.Add(tensor);
                continue;
            }

            float[] values = new float[tensor.Count];
            for (int j = 0; j < values.Length; j++)
            {
                values[j] = (float)Value(tensor, Math.Sin((0.5 * k) + (0.1 * j) + 0.3));
            }

            tensors.Add(OnnxTensor.FromFloats(tensor.Name, [.. tensor.Dims], values));
        }

        return new TorchCheckpoint("appendix B", tensors);
    }

    private static double Value(OnnxTensor tensor, double u)
    {
        if (tensor.Name.EndsWith("running_mean", StringComparison.Ordinal))
        {
            return 0.1 * u;
        }

        if (tensor.Name.EndsWith("running_var", StringComparison.Ordinal))
        {
            return 1 + (0.3 * u);
        }

        if (tensor.Name.EndsWith("bias", StringComparison.Ordinal))
        {
            return 0.05 * u;
        }

        return tensor.Dims.Count switch
        {
            4 => 1.5 * u / Math.Sqrt(tensor.Dims[1] * tensor.Dims[2] * tensor.Dims[3]),
            2 => u / 16,
            _ => 1 + (0.2 * u),
        };
    }
}
