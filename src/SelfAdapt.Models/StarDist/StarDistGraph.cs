using SelfAdapt.Models.Onnx;
using static SelfAdapt.Models.Onnx.NetworkPieces;

namespace SelfAdapt.Models.StarDist;

/// <summary>The shape of a StarDist network.</summary>
/// <param name="Inputs">Channels of the image.</param>
/// <param name="Widths">Channels of each level of the U-Net, finest first.</param>
/// <param name="Rays">Distances of a pixel.</param>
/// <param name="Grid">Pixels each way that share a value: a power of two.</param>
/// <param name="Radius">The distance that it begins with everywhere, px.</param>
internal sealed record StarDistShape(int Inputs, IReadOnlyList<int> Widths, int Rays, int Grid, float Radius);

/// <summary>
/// Emits StarDist's U-Net as an ONNX graph: convolutions and pooling down to the grid; levels of two convolutions, pooling,
/// nearest upsampling, joined skips; a wider convolution; the probability and the distances, joined. Each 3x3 convolution is
/// followed by BatchNorm (StarDist's option) and ReLU.
/// </summary>
internal sealed class StarDistGraph
{
    public const string OutputName = "prob_dist";

    private const long Opset = 16;
    private const long IrVersion = 8;
    private const int HeadFactor = 4;
    private const float Epsilon = 1e-3f;

    private readonly OnnxWriter _writer = new("stardist", Opset, IrVersion);
    private readonly Func<double> _uniform;

    private StarDistGraph(Func<double> uniform) => _uniform = uniform;

    /// <param name="uniform">Random numbers from [0, 1) for the weights.</param>
    /// <param name="metadata">What the file says of itself.</param>
    /// <returns>
    /// A model with input "input" [N, inputs, H, W] and output "prob_dist" [N, 1 + rays, H / grid, W / grid]: a probability, then
    /// distances in pixels of the image.
    /// </returns>
    public static OnnxModel Build(StarDistShape shape, Func<double> uniform, IReadOnlyDictionary<string, string> metadata)
    {
        StarDistGraph graph = new(uniform);
        graph.Emit(shape);
        foreach ((string key, string value) in metadata)
        {
            graph._writer.AddMetadata(key, value);
        }

        return OnnxModel.Parse(graph._writer.ToArray(), "a new network");
    }

    private void Emit(StarDistShape shape)
    {
        IReadOnlyList<int> widths = shape.Widths;
        _writer.AddInput(Picture("input", shape.Inputs));
        _writer.AddOutput(Picture(OutputName, 1 + shape.Rays, "_out"));
        _writer.AddScales();
        string x = "input";
        int channels = shape.Inputs;
        for (int grid = 1; grid < shape.Grid; grid *= 2)
        {
            x = _writer.Pooled($"grid{grid}.pool", Twice($"grid{grid}", x, widths[0], widths[0]));
        }

        List<string> skips = [];
        int deepest = widths.Count - 1;
        for (int level = 0; level < deepest; level++)
        {
            skips.Add(x = Twice($"down{level}", x, widths[level], widths[level]));
            x = _writer.Pooled($"down{level}.pool", x);
        }

        x = Twice("middle", x, widths[deepest], widths[Math.Max(0, deepest - 1)]);
        for (int level = deepest - 1; level >= 0; level--)
        {
            string up = _writer.Doubled($"up{level}.resize", x);
            x = _writer.Node("Concat", $"up{level}.join", [up, skips[level]], OnnxAttribute.Int("axis", 1));
            channels += widths[level];
            x = Twice($"up{level}", x, widths[level], widths[Math.Max(0, level - 1)]);
        }

        x = Conv("features", x, HeadFactor * widths[0]);
        string logit = Head("prob", x, 1, 0);
        string probability = _writer.Node("Sigmoid", "prob.sigmoid", [logit]);
        string distances = Head("dist", x, shape.Rays, shape.Radius);
        _writer.AddNode("Concat", "joined", [probability, distances], [OutputName], OnnxAttribute.Int("axis", 1));

        string Twice(string name, string from, int middle, int to) => Conv($"{name}.2", Conv($"{name}.1", from, middle), to);

        string Conv(string name, string from, int to)
        {
            _writer.AddRandom($"{name}.weight", [to, channels, 3, 3], channels * 9, _uniform);
            foreach ((string role, float value) in (ReadOnlySpan<(string, float)>)[("scale", 1), ("bias", 0), ("mean", 0), ("var", 1)])
            {
                _writer.AddConstant($"{name}.norm.{role}", [to], value);
            }

            channels = to;
            string convolved = _writer.Node("Conv", $"{name}.conv", [from, $"{name}.weight"], Kernel(3));
            string normalized = _writer.Node(
                "BatchNormalization", $"{name}.norm",
                [convolved, $"{name}.norm.scale", $"{name}.norm.bias", $"{name}.norm.mean", $"{name}.norm.var"],
                OnnxAttribute.Float("epsilon", Epsilon));
            return _writer.Node("Relu", $"{name}.relu", [normalized]);
        }

        string Head(string name, string from, int to, float bias)
        {
            _writer.AddRandom($"{name}.weight", [to, channels, 1, 1], channels, _uniform);
            _writer.AddConstant($"{name}.bias", [to], bias);
            return _writer.Node("Conv", $"{name}.conv", [from, $"{name}.weight", $"{name}.bias"], Kernel(1));
        }
    }
}
