using System.Globalization;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;

namespace SelfAdapt.Fuzz;

/// <summary>How a graph compared.</summary>
internal enum GraphVerdict
{
    /// <summary>Our engine and ONNX Runtime give the same.</summary>
    Same,

    /// <summary>The importer refuses the graph.</summary>
    Refused,

    /// <summary>They differ, or one fails otherwise.</summary>
    Different,
}

/// <summary>Random graphs: our engine against ONNX Runtime.</summary>
internal sealed class GraphDifference : IDisposable
{
    private const double Bound = 1e-5;

    private readonly CpuBackend _backend = new(2, exact: true);

    public double Worst { get; private set; }

    public void Dispose() => _backend.Dispose();

    /// <summary>Compares many graphs and writes a line of what came of it.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Decides them.</param>
    /// <param name="folder">Receives those that differ.</param>
    /// <param name="output">Receives the table.</param>
    /// <returns>0, or 1 where one differs.</returns>
    public static int Report(int count, ulong seed, string folder, TextWriter output)
    {
        using GraphDifference difference = new();
        Dictionary<GraphVerdict, int> counts = [];
        for (int i = 0; i < count; i++)
        {
            (GraphVerdict verdict, string why, byte[] model) = difference.Compare(seed, i);
            counts[verdict] = counts.GetValueOrDefault(verdict) + 1;
            if (verdict == GraphVerdict.Different)
            {
                Directory.CreateDirectory(folder);
                string file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"graph-{i}"));
                File.WriteAllBytes(file + ".onnx", model);
                File.WriteAllText(file + ".txt", why);
            }
        }

        output.WriteLine("| Graphs | Same | Refused | Different | Worst relative difference |");
        output.WriteLine("|---:|---:|---:|---:|---:|");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {count} | {counts.GetValueOrDefault(GraphVerdict.Same)} | {counts.GetValueOrDefault(GraphVerdict.Refused)} "
            + $"| {counts.GetValueOrDefault(GraphVerdict.Different)} | {difference.Worst:e1} |"));
        return counts.ContainsKey(GraphVerdict.Different) ? 1 : 0;
    }

    /// <summary>Makes a graph and compares it.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="index">Which graph.</param>
    public (GraphVerdict Verdict, string Why, byte[] Model) Compare(ulong seed, int index)
    {
        RandomStream random = new RandomStream(seed).Substream(FormattableString.Invariant($"graph {index}"));
        byte[] model = RandomGraph.Make(random);
        Network network;
        try
        {
            network = Network.Read(OnnxModel.Parse(model, "graph"));
        }
        catch (SelfAdaptException e)
        {
            return (GraphVerdict.Refused, e.Message, model);
        }

        int batch = 1 + random.NextIndex(2);
        int height = network.SizeMultiple * (1 + random.NextIndex(12 / Math.Min(12, network.SizeMultiple)));
        int width = network.SizeMultiple * (1 + random.NextIndex(20 / Math.Min(20, network.SizeMultiple)));
        float[] x = new float[batch * network.InputChannels * height * width];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = (float)random.NextUniform(-1, 1);
        }

        try
        {
            (float[] output, float[] expected) = Run(network, model, x, [batch, network.InputChannels, height, width]);
            double largest = Math.Max(expected.Max(Math.Abs), 1e-3f);
            double worst = expected.Zip(output, (e, a) => Math.Abs((double)e - a)).Max() / largest;
            Worst = Math.Max(Worst, worst);
            return worst <= Bound
                ? (GraphVerdict.Same, "", model)
                : (GraphVerdict.Different, $"{worst:e2} of {largest}, input {batch}x{height}x{width}", model);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return (GraphVerdict.Different, $"input {batch}x{height}x{width}: {e}", model);
        }
    }

    private (float[] Output, float[] Expected) Run(Network network, byte[] model, float[] x, long[] shape)
    {
        (int batch, int height, int width) = ((int)shape[0], (int)shape[2], (int)shape[3]);
        using OrtSession session = new(model, new OrtOptions(Threads: 1));
        float[] expected = session.Run(x, shape, network.OutputName)[0];
        using NetworkWeights weights = new(network, _backend);
        using EngineNetwork engine = new(weights, _backend);
        float[] output = new float[batch * network.Outputs.Channels * height * width];
        if (expected.Length != output.Length)
        {
            throw new InvalidDataException($"ONNX Runtime gives {expected.Length} values, not {output.Length}.");
        }

        engine.Run(x, batch, height, width, output, new float[batch * network.EmbeddingLength]);
        return (output, expected);
    }
}
