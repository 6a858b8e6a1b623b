using SelfAdapt.Models.Onnx;
using static SelfAdapt.Models.Onnx.NetworkPieces;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>
/// Emits the Probabilistic U-Net (Kohl et al., as Archit and Pape have it) as ONNX graphs. Body, prior and posterior
/// share a plan: per level three 3x3 convolutions with ReLU, average pooling between levels; the body goes back up with doubling
/// from corner to corner and joined skips. Prior and posterior end in the mean over all pixels and 1x1 convolutions to means and
/// logarithms of deviations. 1x1 convolutions combine the body's maps with a latent. The first of them, of maps and latent
/// joined, is written as its two halves: one of the maps, one of the latent, added at every pixel. That is the same function with
/// the same values, and many samples share the first half.
/// </summary>
internal sealed class ProbabilisticUNetGraph
{
    /// <summary>Name of the node that makes the maps' half of the first combining layer.</summary>
    public const string MapsNode = "combine.0.maps";

    /// <summary>Name of the node that joins the prior's means and logarithms of deviations.</summary>
    public const string PriorNode = "prior.latents";

    private const long Opset = 16;
    private const long IrVersion = 8;
    private const int ConvolutionsPerLevel = 3;

    private readonly OnnxWriter _writer = new("probabilistic-u-net", Opset, IrVersion);
    private readonly ProbabilisticShape _shape;
    private readonly Func<string, long[], Func<float[]>, OnnxTensor> _weights;
    private readonly InitialWeights _initial;

    private ProbabilisticUNetGraph(
        ProbabilisticShape shape, Func<string, long[], Func<float[]>, OnnxTensor> weights, InitialWeights initial)
    {
        (_shape, _weights, _initial) = (shape, weights, initial);
        _writer.AddScales();
        foreach ((string key, string value) in shape.Metadata)
        {
            _writer.AddMetadata(key, value);
        }
    }

    /// <summary>A new network for training.</summary>
    /// <param name="uniform">Random numbers from [0, 1).</param>
    /// <returns>
    /// A model whose one input, [N, 2 + L, H, W], holds image, mask and, all over a channel, the standard normal numbers that
    /// the latent of the posterior is drawn by; "output" is a logit [N, 1, H, W], "latents" [N, 4 L, 1, 1] are the means and
    /// logarithms of deviations of the prior, then of the posterior.
    /// </returns>
    public static OnnxModel Build(ProbabilisticShape shape, Func<double> uniform)
    {
        InitialWeights initial = new(uniform);
        ProbabilisticUNetGraph graph = new(
            shape, (name, dims, first) => OnnxTensor.FromFloats(name, dims, first()), initial);
        graph.EmitTraining();
        return OnnxModel.Parse(graph._writer.ToArray(), "a new network");
    }

    /// <summary>
    /// A trained network as other programs take it: "input", an image [N, 1, H, W], and "noise" [N, L, 1, 1], standard normal
    /// numbers that a sample is drawn by, or 0 for the prior's mean; "output" is a logit.
    /// </summary>
    public static OnnxModel OfNoise(OnnxModel trained)
    {
        ProbabilisticUNetGraph graph = Of(trained);
        graph._writer.AddInput(Picture("input", 1));
        graph._writer.AddInput(graph.Latents("noise", 1));
        graph._writer.AddOutput(Picture("output", 1));
        (string maps, (string Mean, string LogDeviation) prior) = graph.BodyAndPrior("input");
        graph.Combined("sample", maps, graph.Drawn("sample", prior, "noise"), "output");
        return OnnxModel.Parse(graph._writer.ToArray(), trained.Origin);
    }

    /// <summary>A trained network as a plain one: "output" is the mean probability of samples.</summary>
    /// <param name="noise">The standard normal numbers that samples are drawn by, L each.</param>
    public static OnnxModel OfSamples(OnnxModel trained, IReadOnlyList<float[]> noise)
    {
        ProbabilisticUNetGraph graph = Of(trained);
        OnnxWriter writer = graph._writer;
        writer.AddInput(Picture("input", 1));
        writer.AddOutput(Picture("output", 1));
        (string maps, (string Mean, string LogDeviation) prior) = graph.BodyAndPrior("input");
        string[] samples = [.. noise.Select((numbers, i) =>
        {
            writer.AddInitializer(OnnxTensor.FromFloats($"noise.{i}", [1, numbers.Length, 1, 1], numbers));
            string latent = graph.Drawn($"sample.{i}", prior, $"noise.{i}");
            string logit = $"sample.{i}.logit";
            graph.Combined($"sample.{i}", maps, latent, logit);
            return writer.Node("Sigmoid", $"sample.{i}.probability", [logit]);
        })];
        string mean = writer.Node("Mean", "mean", samples);

        // By way of its logit: programs that look for a sigmoid at a graph's end see that this is a probability.
        writer.AddConstant("least", [], 1e-6f);
        writer.AddConstant("most", [], 1 - 1e-6f);
        writer.AddConstant("one", [], 1);
        string inside = writer.Node("Clip", "inside", [mean, "least", "most"]);
        string odds = writer.Node("Div", "odds", [inside, writer.Node("Sub", "rest", ["one", inside])]);
        writer.AddNode("Sigmoid", "probability", [writer.Node("Log", "logit", [odds])], ["output"]);
        return OnnxModel.Parse(writer.ToArray(), trained.Origin);
    }

    private static ProbabilisticUNetGraph Of(OnnxModel trained) => new(
        ProbabilisticShape.Of(trained) ?? throw new ArgumentException("No Probabilistic U-Net."),
        (name, dims, _) => OnnxTensor.FromFloats(name, dims, trained.FindWeight(name)!.ToFloats()),
        new(() => 0.5));

    private void EmitTraining()
    {
        _writer.AddInput(Picture("input", 2 + _shape.Latent));
        _writer.AddOutput(Picture("output", 1));
        _writer.AddOutput(Latents("latents", 4));
        _writer.AddInitializer(OnnxTensor.FromInt64s("channels", [1], [1]));
        (string maps, (string Mean, string LogDeviation) prior) = BodyAndPrior(Channels("image", 0, 1));
        (string Mean, string LogDeviation) posterior = Gaussian("posterior", Channels("image_and_mask", 0, 2), 2);
        string noise = _writer.Node("GlobalAveragePool", "noise", [Channels("noise_planes", 2, 2 + _shape.Latent)]);
        string known = _writer.Node("Concat", PriorNode, [prior.Mean, prior.LogDeviation], OnnxAttribute.Int("axis", 1));
        _writer.AddNode(
            "Concat", "latents", [known, posterior.Mean, posterior.LogDeviation], ["latents"], OnnxAttribute.Int("axis", 1));
        Combined("combine", maps, Drawn("posterior", posterior, noise), "output");
    }

    private (string Maps, (string Mean, string LogDeviation) Prior) BodyAndPrior(string image)
    {
        (string features, (string, string) prior) = (Body(image), Gaussian("prior", image, 1));
        AddCombiningWeights();
        return (_writer.Node("Conv", MapsNode, [features, MapsNode + ".weight"], Kernel(1)), prior);
    }

    private void AddCombiningWeights()
    {
        (int width, int joined) = (_shape.Widths[0], _shape.Widths[0] + _shape.Latent);
        float[]? both = null;
        Add(MapsNode + ".weight", [width, width, 1, 1], () => Columns(0, width));
        Add("combine.0.latent.weight", [width, _shape.Latent, 1, 1], () => Columns(width, joined));
        Add("combine.0.latent.bias", [width], () => _initial.Bias(width));
        for (int layer = 1; layer < _shape.Combining; layer++)
        {
            int outputs = layer == _shape.Combining - 1 ? 1 : width;
            Add($"combine.{layer}.weight", [outputs, width, 1, 1], () => _initial.Orthogonal(outputs, width));
            Add($"combine.{layer}.bias", [outputs], () => _initial.Bias(outputs));
        }

        float[] Columns(int from, int to)
        {
            both ??= _initial.Orthogonal(width, joined);
            return [.. both.Where((_, i) => i % joined >= from && i % joined < to)];
        }
    }

    private string Body(string image)
    {
        List<string> skips = Contracting("body", image, 1);
        string x = skips[^1];
        int channels = _shape.Widths[^1];
        for (int level = _shape.Widths.Count - 2; level >= 0; level--)
        {
            string up = _writer.DoubledAligned($"body.up.{level}.double", x);
            x = _writer.Node("Concat", $"body.up.{level}.join", [up, skips[level]], OnnxAttribute.Int("axis", 1));
            x = Convolutions($"body.up.{level}", x, channels + _shape.Widths[level], _shape.Widths[level]);
            channels = _shape.Widths[level];
        }

        return x;
    }

    /// <summary>Means and logarithms of deviations of the latent, [N, L, 1, 1] each.</summary>
    private (string Mean, string LogDeviation) Gaussian(string name, string x, int inputs)
    {
        string pooled = _writer.Node("GlobalAveragePool", $"{name}.pool", [Contracting(name, x, inputs)[^1]]);
        (int width, int latent) = (_shape.Widths[^1], _shape.Latent);
        float[]? both = null;
        string Half(string half, bool second)
        {
            string layer = $"{name}.{half}";
            Add(layer + ".weight", [latent, width, 1, 1], () =>
            {
                both ??= _initial.Orthogonal(2 * latent, width);
                return both.AsSpan(second ? both.Length / 2 : 0, both.Length / 2).ToArray();
            });
            Add(layer + ".bias", [latent], () => _initial.Bias(latent));
            return _writer.Node("Conv", layer, [pooled, layer + ".weight", layer + ".bias"], Kernel(1));
        }

        return (Half("mean", false), Half("log_deviation", true));
    }

    private List<string> Contracting(string name, string x, int inputs)
    {
        List<string> levels = [];
        for (int level = 0; level < _shape.Widths.Count; level++)
        {
            if (level > 0)
            {
                x = _writer.Node(
                    "AveragePool", $"{name}.down.{level}.pool", [x], OnnxAttribute.Ints("kernel_shape", 2, 2),
                    OnnxAttribute.Ints("strides", 2, 2));
            }

            x = Convolutions($"{name}.down.{level}", x, level == 0 ? inputs : _shape.Widths[level - 1], _shape.Widths[level]);
            levels.Add(x);
        }

        return levels;
    }

    private string Convolutions(string name, string x, int from, int to)
    {
        for (int i = 0; i < ConvolutionsPerLevel; i++)
        {
            string layer = $"{name}.{i}";
            int inputs = i == 0 ? from : to;
            Add(layer + ".weight", [to, inputs, 3, 3], () => _initial.He(to * inputs * 9, inputs * 9));
            Add(layer + ".bias", [to], () => _initial.Bias(to));
            string y = _writer.Node("Conv", layer, [x, layer + ".weight", layer + ".bias"], Kernel(3));
            x = _writer.Node("Relu", layer + ".relu", [y]);
        }

        return x;
    }

    /// <summary>mean + e^(log deviation) noise.</summary>
    private string Drawn(string name, (string Mean, string LogDeviation) latent, string noise)
    {
        string deviation = _writer.Node("Exp", $"{name}.deviation", [latent.LogDeviation]);
        string apart = _writer.Node("Mul", $"{name}.apart", [deviation, noise]);
        return _writer.Node("Add", $"{name}.drawn", [latent.Mean, apart]);
    }

    private void Combined(string name, string maps, string latent, string output)
    {
        string shift = _writer.Node(
            "Conv", $"{name}.latent", [latent, "combine.0.latent.weight", "combine.0.latent.bias"], Kernel(1));
        string x = _writer.Node("Add", $"{name}.0", [maps, shift]);
        for (int layer = 1; layer < _shape.Combining; layer++)
        {
            string relu = _writer.Node("Relu", $"{name}.{layer}.relu", [x]);
            string[] inputs = [relu, $"combine.{layer}.weight", $"combine.{layer}.bias"];
            x = $"{name}.{layer}_out";
            _writer.AddNode(
                "Conv", $"{name}.{layer}", inputs, [layer == _shape.Combining - 1 ? output : x], Kernel(1));
        }
    }

    private string Channels(string name, long from, long to)
    {
        _writer.AddInitializer(OnnxTensor.FromInt64s($"{name}.from", [1], [from]));
        _writer.AddInitializer(OnnxTensor.FromInt64s($"{name}.to", [1], [to]));
        return _writer.Node("Slice", name, ["input", $"{name}.from", $"{name}.to", "channels"]);
    }

    private void Add(string name, long[] dims, Func<float[]> initial) =>
        _writer.AddInitializer(_weights(name, dims, initial));

    private OnnxValueInfo Latents(string name, int parts) => new(
        name, OnnxDataType.Float,
        [new(null, "N"), new(parts * _shape.Latent, null), new(1, null), new(1, null)]);
}
