using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tests.Models;

namespace SelfAdapt.Tests.OnnxRuntime;

[TestClass]
internal sealed class OrtTests
{
    private static readonly OrtOptions TwoThreads = new(Threads: 2);

    [TestMethod]
    public void Runtime_OfThePackage_LoadsAndTellsVersionAndProviders()
    {
        Assert.IsNull(OrtRuntime.Missing);
        Assert.StartsWith("1.31.", OrtRuntime.Version);
        Assert.Contains("CPUExecutionProvider", OrtRuntime.Providers);
    }

    [TestMethod]
    public void Run_SmallModel_ComputesByHand()
    {
        using OrtSession session = new(SmallModels.Conv(), TwoThreads);

        float[] y = session.Run([1, 2, 3, 4], [1, 2, 1, 2], "y")[0];

        // Channel k: w[k] . x + 2 b[k] + 7 with w = (1 2; 3 4; 5 6), b = (.5 -.5 .25), x = (1 3) and (2 4).
        CollectionAssert.AreEqual(new[] { 15f, 18, 21, 28, 30.5f, 41.5f }, y);
        Assert.AreEqual("CPU", session.ProviderName);
        Assert.AreEqual("x", session.InputNames.Single());
        Assert.AreEqual("y", session.OutputNames.Single());
    }

    [TestMethod]
    public void Run_WrongShapeOrName_IsOurError()
    {
        using OrtSession session = new(SmallModels.Conv(), TwoThreads);

        SelfAdaptException shape = Assert.ThrowsExactly<SelfAdaptException>(
            () => session.Run([1], [1, 1, 1, 1], "y"));
        SelfAdaptException name = Assert.ThrowsExactly<SelfAdaptException>(
            () => session.Run([1, 2], [1, 2, 1, 1], "q"));

        StringAssert.Contains(shape.Message, "ONNX Runtime", StringComparison.Ordinal);
        StringAssert.Contains(name.Message, "q", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Load_NoModel_IsOurError()
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => new OrtSession([1, 2, 3], TwoThreads));

        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
    }

    [TestMethod]
    public void Load_CudaWithoutIt_SaysWhatIsMissing()
    {
        try
        {
            using OrtSession session = new(SmallModels.Conv(), new OrtOptions(OrtDevice.Cuda));
            Assert.AreEqual("CUDA:0", session.ProviderName);
        }
        catch (SelfAdaptException e)
        {
            Assert.AreEqual(ErrorKind.DeviceMissing, e.Kind);
            StringAssert.Contains(e.Message, "CUDA", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    [DataRow("w,b,b2,c")]
    [DataRow("b2,b,w")]
    [DataRow("b,c")]
    public void Refresh_NewWeights_AreSeenAtOnce(string names)
    {
        OnnxModel model = SmallModels.Parse(SmallModels.Conv());
        string[] weights = names.Split(',');
        using RefreshableSession session = new(model, weights, TwoThreads);
        float[] x = [1, 2, 3, 4];
        float[] before = Y(session, x);
        float[] values = [.. weights.SelectMany(n => model.FindWeight(n)!.ToFloats())];
        int bias = weights.TakeWhile(n => n != "b").Sum(n => (int)model.FindWeight(n)!.Count);
        int length = (int)model.FindWeight("b")!.Count;
        for (int step = 1; step <= 3; step++)
        {
            for (int i = bias; i < bias + length; i++)
            {
                values[i]++;
            }

            session.Refresh(values);

            float[] expected = [.. before.Select(v => v + step)];
            CollectionAssert.AreEqual(expected, Y(session, x), "b2 does not move with b");
        }

        Assert.ThrowsExactly<ArgumentException>(() => session.Refresh(new float[1]));
    }

    [TestMethod]
    public void Refresh_RealModel_MovesTheOutputByWhatTheBiasMoved()
    {
        OnnxModel model = RealModel();
        OnnxNode head = model.Graph.Nodes.Single(n => n.Outputs.Contains("flows_cellprob"));
        string bias = head.Inputs[2];
        string[] names = [.. model.Graph.Initializers.Where(t => t.Count > 4).Select(t => t.Name), bias];
        using RefreshableSession session = new(model, names, TwoThreads);
        using OrtSession plain = new(model.Bytes, TwoThreads);
        float[] x = Wave(1, 32, 48);
        float[] before = Y(session, x, 2, 32, 48);
        CollectionAssert.AreEqual(Y(plain, x, 2, 32, 48), before);

        float[] weights = [.. names.SelectMany(n => model.FindWeight(n)!.ToFloats())];
        for (int i = weights.Length - (int)model.FindWeight(bias)!.Count; i < weights.Length; i++)
        {
            weights[i]++;
        }

        session.Refresh(weights);
        float[] after = Y(session, x, 2, 32, 48);

        Assert.IsLessThan(2e-6, before.Zip(after).Max(p => Math.Abs(p.Second - p.First - 1)) / before.Max());
    }

    [TestMethod]
    public void Build_RealCheckpoint_EqualsTorchsOwnExport()
    {
        OnnxModel built = CellposeGraphBuilder.Build(
            TorchCheckpoint.Load(SharedData.Path("models", "cellpose_nuclei_dsb", "nuclei_dsb")));
        using OrtNetwork ours = Network(built, "output");
        using OrtNetwork torchs = Network(RealModel(), "flows_cellprob");
        float[] x = Wave(2, 64, 48);

        (float[] a, float[] styleA) = Run(ours, x, 2, 64, 48);
        (float[] b, float[] styleB) = Run(torchs, x, 2, 64, 48);

        Assert.IsLessThan(1e-5, Difference(a, b));
        Assert.IsLessThan(1e-5, Difference(styleA, styleB));
    }

    [TestMethod]
    public void Build_SineWeights_GivesTheDocumentedOutput()
    {
        // docs/cellpose.md 8.1: values of upstream's own code in double precision.
        using OrtNetwork network = Network(CellposeGraphBuilder.Build(SineState()), "output");

        (float[] y, float[] style) = Run(network, Wave(1, 32, 48), 1, 32, 48);

        (int Row, int Column, double[] Expected)[] pixels =
        [
            (0, 0, [7.37205095, -9.51610865, 11.5024319]),
            (15, 20, [97.1550015, -151.825184, 205.852294]),
            (31, 47, [8.40473909, -10.9149921, 13.2627398]),
        ];
        foreach ((int row, int column, double[] expected) in pixels)
        {
            for (int c = 0; c < 3; c++)
            {
                Assert.AreEqual(expected[c], y[(c * 32 + row) * 48 + column], 2e-3);
            }
        }

        Assert.AreEqual(7422.88238, Math.Sqrt(y.Sum(v => (double)v * v)), 0.02);
        double[] head = [-0.0860311271, -0.0918361324, -0.082359887, -0.0806672347, -0.0729978545];
        for (int i = 0; i < head.Length; i++)
        {
            Assert.AreEqual(head[i], style[i], 1e-6);
        }

        Assert.AreEqual(-0.243935858, style.Sum(v => (double)v), 1e-5);
    }

    [TestMethod]
    public void Network_ThatDoesNotFit_IsRefused()
    {
        OnnxModel model = SmallModels.Parse(SmallModels.Conv());
        OrtNetworkOutputs[] outputs =
        [
            new("y", null, OutputDescription.Foreground),
            new("absent", null, OutputDescription.Cellpose),
            new("y", "absent", OutputDescription.Cellpose),
        ];
        foreach (OrtNetworkOutputs wrong in outputs)
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
                () => OrtNetwork.Load(model, wrong, TwoThreads));
            Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
        }

        using OrtNetwork fits = OrtNetwork.Load(
            model, new OrtNetworkOutputs("y", null, OutputDescription.Cellpose), TwoThreads);
        Assert.AreEqual(2, fits.InputChannels);
        Assert.AreEqual(0, fits.EmbeddingLength);
        Assert.ThrowsExactly<ArgumentException>(() => fits.Run(new float[4], 1, 2, 2, new float[12], []));
    }

    private static OnnxModel RealModel() => OnnxModel.Load(
        SharedData.Path("models", "cellpose_nuclei_dsb", "nuclei_dsb_dynamic_opset16.onnx"));

    private static OrtNetwork Network(OnnxModel model, string output) => OrtNetwork.Load(
        model, new OrtNetworkOutputs(output, "style", OutputDescription.Cellpose), TwoThreads);

    private static (float[] Output, float[] Style) Run(OrtNetwork network, float[] x, int n, int h, int w)
    {
        float[] output = new float[n * 3 * h * w];
        float[] style = new float[n * 256];
        network.Run(x, n, h, w, output, style);
        return (output, style);
    }

    private static float[] Y(RefreshableSession session, float[] x, params long[] shape) =>
        Y(session.Current, x, shape);

    private static float[] Y(OrtSession session, float[] x, params long[] shape)
    {
        long[] full = shape.Length == 0 ? [1, 2, 1, 2] : [1, .. shape];
        return session.Run(x, full, session.OutputNames[0])[0];
    }

    /// <summary>Appendix B.1's input.</summary>
    private static float[] Wave(int n, int h, int w)
    {
        float[] x = new float[n * 2 * h * w];
        for (int i = 0; i < x.Length; i++)
        {
            (int column, int row, int c, int k) = (i % w, i / w % h, i / (w * h) % 2, i / (w * h * 2));
            x[i] = (float)Math.Sin(0.21 * row + 0.13 * column + 0.7 * c + 0.4 * k);
        }

        return x;
    }

    /// <summary>Appendix B.1's weights.</summary>
    private static TorchCheckpoint SineState()
    {
        int index = 0;
        CellposeLayout layout = new(2, [32, 64, 128, 256], 3);
        return new TorchCheckpoint("sine", [.. layout.Entries().Select(Fill)]);

        OnnxTensor Fill(CellposeEntry entry)
        {
            int k = index++;
            if (entry.Kind == CellposeEntryKind.BatchCount)
            {
                return OnnxTensor.FromInt64s(entry.Key, entry.Shape, [0]);
            }

            float[] values = new float[entry.Shape.Aggregate(1L, (a, b) => a * b)];
            for (int j = 0; j < values.Length; j++)
            {
                double u = Math.Sin(0.5 * k + 0.1 * j + 0.3);
                values[j] = (float)(entry.Key.Split('.')[^1] switch
                {
                    "bias" => 0.05 * u,
                    "running_mean" => 0.1 * u,
                    "running_var" => 1 + 0.3 * u,
                    "weight" when entry.Shape.Length == 4 => 1.5 * u / Math.Sqrt(entry.FanIn),
                    "weight" when entry.Shape.Length == 2 => u / 16,
                    "weight" => 1 + 0.2 * u,
                    _ => 30,
                });
            }

            return OnnxTensor.FromFloats(entry.Key, entry.Shape, values);
        }
    }

    private static double Difference(float[] a, float[] b) =>
        a.Zip(b).Max(p => Math.Abs(p.First - p.Second)) / (double)b.Max(Math.Abs);
}
