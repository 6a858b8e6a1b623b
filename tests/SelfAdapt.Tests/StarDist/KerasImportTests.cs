using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tests.Engine;

namespace SelfAdapt.Tests.StarDist;

[TestClass]
internal sealed class KerasImportTests
{
    private const int Height = 48;
    private const int Width = 80;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Read_ChannelsLast_RunsAsOnnxRuntimeRunsIt(bool throughout)
    {
        OnnxModel model = new KerasStarDist(throughout).Build();
        Network network = Network.Read(model);
        Assert.AreEqual(1, network.InputChannels);
        Assert.AreEqual("logit,rays8", string.Join(',', network.Outputs.Parts.Select(p => p.Kind.Word)));
        Assert.AreEqual(2, network.Outputs.Grid);
        Assert.AreEqual(16, network.SizeMultiple);
        float[] picture = OperationCase.Noise(2 * Height * Width, 9);
        float[] actual = Engine(network, picture);
        const int Plane = Height * Width;
        float[][] expected = Ort(model, picture, [2, Height, Width, 1]);
        int joined = throughout ? 1 + KerasStarDist.Rays : 1;
        for (int i = 0; i < actual.Length; i++)
        {
            (int n, int c, int y, int x) =
                (i / Plane / (1 + KerasStarDist.Rays), i / Plane % (1 + KerasStarDist.Rays), i / Width % Height, i % Width);
            int at = (((n * (Height / 2)) + (y / 2)) * (Width / 2)) + (x / 2);
            float value = throughout || c == 0
                ? expected[0][(at * joined) + c]
                : expected[1][(at * KerasStarDist.Rays) + c - 1];
            double own = c == 0 ? 1 / (1 + Math.Exp(-actual[i])) : actual[i];
            Assert.AreEqual(value, own, 1e-4, $"sample {n}, channel {c}, row {y}, column {x}");
        }

        // Written anew, the channels lie first; changed weights go into the file that came in.
        byte[] variant = NetworkWriter.Write(model, network, new ModelVariant(), new Dictionary<string, string>());
        CollectionAssert.AreEqual(actual, Engine(Network.Read(OnnxModel.Parse(variant, "variant")), picture));
        NetworkTensor tensor = network.Parameters[2];
        OnnxModel changed = model.WithWeights(new Dictionary<string, float[]> { [tensor.Name] = new float[tensor.Length] });
        CollectionAssert.AreNotEqual(expected[0], Ort(changed, picture, [2, Height, Width, 1])[0]);
    }

    private static float[] Engine(Network network, float[] picture)
    {
        using CpuBackend backend = new(2);
        using EngineNetwork engine = new(network, null, backend);
        float[] output = new float[2 * network.Outputs.Channels * Height * Width];
        engine.Run(picture, 2, Height, Width, output, new float[2 * engine.EmbeddingLength]);
        return output;
    }

    private static float[][] Ort(OnnxModel model, float[] picture, long[] shape)
    {
        using OrtSession session = new(model.Embedded().Bytes, new OrtOptions(Threads: 2));
        return session.Run(picture, shape, [.. model.Graph.Outputs.Select(o => o.Name)]);
    }
}
