using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tests.Engine;

namespace SelfAdapt.Tests.Models.Export;

/// <summary>Runs models for the tests of this room.</summary>
internal static class Forward
{
    /// <summary>A wavy picture of one batch, about as bright as a normalised micrograph.</summary>
    public static float[] Picture(int channels, int height, int width) =>
        [.. OperationCase.Noise(channels * height * width, 3).Select((v, i) => (float)Math.Sin(0.07 * i) + (0.1f * v))];

    /// <summary>The trained output, by the built-in engine.</summary>
    public static float[] Builtin(OnnxModel model, float[] x, int height, int width)
    {
        Network network = Network.Read(model);
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(network, backend);
        using EngineNetwork engine = new(weights, backend);
        float[] output = new float[network.Outputs.Channels * height * width];
        engine.Run(x, 1, height, width, output, new float[network.EmbeddingLength]);
        return output;
    }

    /// <summary>The first output, by ONNX Runtime.</summary>
    public static float[] OnnxRuntime(byte[] model, string input, int channels, float[] x, int height, int width)
    {
        using OrtSession session = new(model, new OrtOptions(Threads: 2));
        Assert.AreEqual(input, session.InputNames.Single());
        return session.Run(x, [1, channels, height, width], session.OutputNames[0])[0];
    }

    /// <summary>The largest difference, as a share of the largest expected value.</summary>
    public static double Difference(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        double largest = expected.Max(v => Math.Abs((double)v));
        return expected.Zip(actual, (e, a) => Math.Abs((double)e - a)).Max() / largest;
    }
}
