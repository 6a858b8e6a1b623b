using SelfAdapt.Models.Onnx;
using static SelfAdapt.Models.Onnx.NetworkPieces;

namespace SelfAdapt.Adaptation.Foreground;

/// <summary>
/// Emits the method's U-Net as an ONNX graph: per level GroupNorm, 3x3 convolution without bias, ReLU, twice; maximum
/// pooling, nearest upsampling, skips joined; a 1x1 convolution to one logit.
/// </summary>
internal sealed class UNetGraph
{
    private const long Opset = 16;
    private const long IrVersion = 8;
    private const int UsualGroups = 8;
    private const float Epsilon = 1e-5f;

    private readonly OnnxWriter _writer = new("u-net", Opset, IrVersion);
    private readonly Func<double> _uniform;

    private UNetGraph(Func<double> uniform) => _uniform = uniform;

    /// <param name="inputs">Channels of the image.</param>
    /// <param name="widths">Channels of each level, finest first; at least two, each of which <see cref="Fits"/>.</param>
    /// <param name="uniform">Random numbers from [0, 1) for torch's default initialisation.</param>
    /// <param name="metadata">What the file says of itself.</param>
    /// <returns>A model with input "input" [N, inputs, H, W] and output "output" [N, 1, H, W], a logit.</returns>
    public static OnnxModel Build(
        int inputs, IReadOnlyList<int> widths, Func<double> uniform, IReadOnlyDictionary<string, string> metadata)
    {
        if (widths.Count < 2 || widths.Any(w => !Fits(w)))
        {
            throw new ArgumentException("A U-Net has two levels or more, each of 8 channels or a multiple of 16.");
        }

        UNetGraph graph = new(uniform);
        graph.Emit(inputs, widths);
        foreach ((string key, string value) in metadata)
        {
            graph._writer.AddMetadata(key, value);
        }

        return OnnxModel.Parse(graph._writer.ToArray(), "a new network");
    }

    /// <summary>Whether eight groups divide a level's channels, their half, and those of joined levels.</summary>
    public static bool Fits(int width) => width == UsualGroups || (width > 0 && width % (2 * UsualGroups) == 0);

    private static int Groups(int channels) => channels < UsualGroups ? 1 : UsualGroups;

    private void Emit(int inputs, IReadOnlyList<int> widths)
    {
        _writer.AddInput(Picture("input", inputs));
        _writer.AddOutput(Picture("output", 1));
        _writer.AddScales();
        foreach (int groups in new[] { 1, UsualGroups })
        {
            _writer.AddConstant($"ones_{groups}", [groups], 1);
            _writer.AddConstant($"zeros_{groups}", [groups], 0);
            _writer.AddInitializer(OnnxTensor.FromInt64s($"groups_{groups}", [3], [0, groups, -1]));
        }

        List<string> skips = [];
        string x = "input";
        int channels = inputs;
        for (int level = 0; level < widths.Count; level++)
        {
            if (level > 0)
            {
                x = _writer.Pooled($"encoders.{level}.pool", x);
            }

            int middle = Math.Max(channels, widths[level] / 2);
            x = Conv($"encoders.{level}.1", x, channels, middle);
            x = Conv($"encoders.{level}.2", x, middle, widths[level]);
            channels = widths[level];
            skips.Add(x);
        }

        for (int level = widths.Count - 2; level >= 0; level--)
        {
            string up = _writer.Doubled($"decoders.{level}.up", x);
            x = _writer.Node("Concat", $"decoders.{level}.join", [skips[level], up], OnnxAttribute.Int("axis", 1));
            x = Conv($"decoders.{level}.1", x, channels + widths[level], widths[level]);
            x = Conv($"decoders.{level}.2", x, widths[level], widths[level]);
            channels = widths[level];
        }

        _writer.AddRandom("final.weight", [1, channels, 1, 1], channels, _uniform);
        _writer.AddRandom("final.bias", [1], channels, _uniform);
        _writer.AddNode("Conv", "final", [x, "final.weight", "final.bias"], ["output"], Kernel(1));
    }

    /// <summary>GroupNorm, as torch exports it; convolution; ReLU.</summary>
    private string Conv(string name, string x, int from, int to)
    {
        int groups = Groups(from);
        string shape = _writer.Node("Shape", $"{name}.shape", [x]);
        string grouped = _writer.Node("Reshape", $"{name}.grouped", [x, $"groups_{groups}"]);
        string normalized = _writer.Node(
            "InstanceNormalization", $"{name}.normalized", [grouped, $"ones_{groups}", $"zeros_{groups}"],
            OnnxAttribute.Float("epsilon", Epsilon));
        string restored = _writer.Node("Reshape", $"{name}.restored", [normalized, shape]);
        _writer.AddConstant($"{name}.norm.weight", [from, 1, 1], 1);
        _writer.AddConstant($"{name}.norm.bias", [from, 1, 1], 0);
        string norm = _writer.Node(
            "Add", $"{name}.norm", [_writer.Node("Mul", $"{name}.scaled", [restored, $"{name}.norm.weight"]), $"{name}.norm.bias"]);
        _writer.AddRandom($"{name}.conv.weight", [to, from, 3, 3], from * 9, _uniform);
        return _writer.Node("Relu", $"{name}.relu", [_writer.Node("Conv", $"{name}.conv", [norm, $"{name}.conv.weight"], Kernel(3))]);
    }
}
