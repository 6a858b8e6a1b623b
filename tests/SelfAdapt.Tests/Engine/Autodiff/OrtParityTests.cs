using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>The built-in engine against ONNX Runtime, on real models and on small ones.</summary>
[TestClass]
internal sealed class OrtParityTests
{
    private const double Bound = 1e-4;

    [TestMethod]
    [DataRow(RealModels.Dynamic, 64, 64)]
    [DataRow(RealModels.Dynamic, 224, 224)]
    [DataRow(RealModels.Dynamic, 256, 384)]
    [DataRow(RealModels.Dynamic, 512, 512)]
    [DataRow(RealModels.SingleOutput, 64, 64)]
    [DataRow(RealModels.SingleOutput, 224, 224)]
    [DataRow(RealModels.Static, 224, 224)]
    [DataRow(RealModels.UNet, 512, 512)]
    [DataRow(RealModels.Checkpoint, 224, 224)]
    [DataRow(RealModels.Checkpoint, 512, 512)]
    public void Forward_RealModel_EqualsOnnxRuntime(string name, int height, int width) =>
        Compare(RealModels.Load(name), height, width, 1);

    [TestMethod]
    public void Forward_SmallNetworks_EqualOnnxRuntime()
    {
        Compare(SmallNetworks.Cellpose(4, 4, 8, 8), 24, 40, 3);
        Compare(SmallNetworks.UNet(), 26, 14, 2);
        Compare(SmallNetworks.Tangle(), 6, 10, 2);
        Compare(SmallNetworks.Functions(), 8, 12, 2);
        Compare(SmallNetworks.Latent(), 8, 12, 2);
        Compare(SmallNetworks.Strides(), 12, 20, 2);
        Compare(SmallNetworks.Windows(), 12, 20, 2);
        Compare(SmallNetworks.Windows(), 4, 4, 1);
    }

    /// <summary>What a user ends with: the file with adapted weights opens elsewhere and says the same.</summary>
    [TestMethod]
    public void Forward_AdaptedFile_EqualsOnnxRuntime()
    {
        OnnxModel source = SmallNetworks.Cellpose(4, 4, 8, 8);
        Network network = Network.Read(source);
        AdaptationOptions options = new() { BatchSize = 2, Crop = 32 };
        using CpuBackend backend = new(2);
        using AdaptationStep training = new(network, backend, options);
        StrongAugmentation[] augmentations = new StrongAugmentation[2];
        for (int step = 0; step < 3; step++)
        {
            training.Step(Picture(2, network.InputChannels, 32, 32), augmentations, 1e-3);
        }

        byte[] adapted = source.WithWeights(training.Student.Download().ByName(network)).Bytes;
        Assert.IsFalse(adapted.AsSpan().SequenceEqual(source.Bytes), "three steps must have moved the weights");
        Compare(OnnxModel.Parse(adapted, "adapted"), 24, 40, 2);
    }

    private static void Compare(OnnxModel model, int height, int width, int batch)
    {
        Network network = Network.Read(model);
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, batch, height, width, GraphMode.Inference);
        using OrtSession session = new(model.Bytes, new OrtOptions(Threads: 2));
        float[] x = Picture(batch, network.InputChannels, height, width);
        graph.Input.Upload(x);
        graph.Forward();

        long[] shape = [batch, network.InputChannels, height, width];
        AssertClose(session.Run(x, shape, network.OutputName)[0], OperationBench.Read(graph.Output), "output");
        if (network.EmbeddingName is not null)
        {
            AssertClose(session.Run(x, shape, network.EmbeddingName)[0], OperationBench.Read(graph.Embedding), "style");
        }
    }

    /// <summary>Blobs and noise, about as bright as a normalised micrograph.</summary>
    private static float[] Picture(int batch, int channels, int height, int width)
    {
        float[] x = OperationCase.Noise(batch * channels * height * width, 11);
        for (int i = 0; i < x.Length; i++)
        {
            (int row, int column, int plane) = (i / width % height, i % width, i / (width * height));
            double wave = Math.Sin((0.31 * row) + plane) * Math.Cos((0.27 * column) - plane);
            x[i] = (float)((0.8 * Math.Max(0, wave)) + (0.05 * x[i]));
        }

        return x;
    }

    private static void AssertClose(float[] expected, double[] actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        double largest = expected.Max(v => Math.Abs((double)v));
        double worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Console.WriteLine($"{what}: largest value {largest:g4}, largest difference {worst / largest:e2} of it");
        Assert.IsTrue(worst <= Bound * largest, $"{what}: differs by {worst} of {largest}");
    }
}
