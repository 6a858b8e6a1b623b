using System.Globalization;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using static SelfAdapt.Models.Onnx.NetworkPieces;

namespace SelfAdapt.Models.Cellpose;

/// <summary>
/// Emits Cellpose's network (docs/cellpose.md 1) as an ONNX graph from a state dict. Initialisers carry the
/// state
/// dict's keys and every BatchNormalization stays a node, so adapted weights go back into the state dict by
/// name.
/// </summary>
public sealed class CellposeGraphBuilder
{
    private const long Opset = 16;
    private const long IrVersion = 8;
    private const float BatchNormEpsilon = 1e-5f;

    // ONNX counts the share that is kept, torch the share that is new: 0.05 in Cellpose 3.
    private const float BatchNormMomentum = 0.95f;
    private const string UnsqueezeAxes = "style.unsqueeze_axes";
    private const string ResizeScales = "upsample.scales";

    private readonly CellposeLayout _layout;
    private readonly OnnxWriter _writer = new("cellpose", Opset, IrVersion);

    private CellposeGraphBuilder(CellposeLayout layout) => _layout = layout;

    /// <summary>The network of a Cellpose checkpoint.</summary>
    /// <param name="checkpoint">A state dict of Cellpose 1 to 3 (residual, style, no concatenation), any
    /// widths.</param>
    /// <returns>
    /// A model with input "input" [N, channels, H, W], outputs "output" [N, 3, H, W] and "style" [N, 256],
    /// float32; metadata diam_mean and diam_labels where the checkpoint has them.
    /// </returns>
    /// <exception cref="SelfAdaptException">
    /// A tensor is missing or has other sizes than that network's (ModelUnsupported).
    /// </exception>
    public static OnnxModel Build(TorchCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        CellposeLayout layout = CellposeState.DeriveLayout(checkpoint);
        return new CellposeGraphBuilder(layout).Emit(checkpoint);
    }

    /// <summary>
    /// A state dict to train from scratch, with torch's default initialisation (docs/cellpose.md 1.5).
    /// </summary>
    /// <param name="channels">Channels of the image and of each encoder level: 2, 32, 64, 128, 256 for
    /// Cellpose.</param>
    /// <param name="uniform">Random numbers, uniform in [0, 1); drawn in state-dict order.</param>
    /// <param name="diameter">The object diameter that images are scaled to, px (30 for cells, 17 for
    /// nuclei).</param>
    /// <param name="outputs">Channels of the output.</param>
    /// <exception cref="ArgumentException">There are fewer than two channel numbers, or one is below
    /// 1.</exception>
    public static TorchCheckpoint RandomState(
        IReadOnlyList<int> channels, Func<double> uniform, float diameter = 30f, int outputs = 3)
    {
        ArgumentNullException.ThrowIfNull(channels);
        ArgumentNullException.ThrowIfNull(uniform);
        if (channels.Count < 2 || channels.Any(c => c < 1) || outputs < 1)
        {
            throw new ArgumentException("A network needs image channels and a level, each 1 or more.");
        }

        CellposeLayout layout = new(channels[0], [.. channels.Skip(1).Select(c => (long)c)], outputs);
        return new TorchCheckpoint(
            "a new network", [.. layout.Entries().Select(e => CellposeState.Initial(e, uniform, diameter))]);
    }

    private OnnxModel Emit(TorchCheckpoint checkpoint)
    {
        foreach (CellposeEntry entry in _layout.Entries().Where(e => !e.Optional))
        {
            OnnxTensor tensor = checkpoint.Find(entry.Key)!;
            _writer.AddInitializer(tensor.DataType == OnnxDataType.Float
                ? tensor
                : OnnxTensor.FromFloats(tensor.Name, entry.Shape, tensor.ToFloats()));
        }

        _writer.AddInitializer(OnnxTensor.FromInt64s(UnsqueezeAxes, [2], [2, 3]));
        _writer.AddScales(ResizeScales);
        _writer.AddInput(Picture("input", _layout.InputChannels));
        _writer.AddOutput(Picture("output", _layout.OutputChannels));
        _writer.AddOutput(new OnnxValueInfo(
            "style", OnnxDataType.Float, [new(null, "N"), new(_layout.StyleLength, null)]));
        EmitNetwork();
        foreach (string key in (string[])[CellposeLayout.DiamMean, CellposeLayout.DiamLabels])
        {
            if (checkpoint.Find(key) is { Count: 1 } diameter)
            {
                _writer.AddMetadata(key, diameter.ToFloats()[0].ToString("R", CultureInfo.InvariantCulture));
            }
        }

        return OnnxModel.Parse(_writer.ToArray(), checkpoint.Origin);
    }

    private void EmitNetwork()
    {
        List<string> skips = [];
        for (int level = 0; level < _layout.Levels; level++)
        {
            string x = level == 0 ? "input" : _writer.Pooled($"downsample.pool_{level}", skips[^1]);
            skips.Add(EncoderBlock(CellposeLayout.Down(level), x));
        }

        string pooled = _writer.Node("GlobalAveragePool", "style.mean", [skips[^1]]);
        string flat = _writer.Node("Flatten", "style.flat", [pooled], OnnxAttribute.Int("axis", 1));
        string norm = _writer.Node(
            "ReduceL2", "style.norm", [flat],
            OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 1));
        _writer.AddNode("Div", "style", [flat, norm], ["style"]);

        string u = skips[^1];
        for (int level = _layout.Levels - 1; level >= 0; level--)
        {
            if (level < _layout.Levels - 1)
            {
                u = _writer.Doubled($"upsample.resize_{level}", u, ResizeScales);
            }

            u = DecoderBlock(CellposeLayout.Up(level), u, skips[level]);
        }

        string head = _writer.Node("Relu", "output.1", [BatchNorm("output.0", u)]);
        _writer.AddNode(
            "Conv", "output.2", [head, "output.2.weight", "output.2.bias"], ["output"], Kernel(1));
    }

    private string EncoderBlock(string block, string x)
    {
        string inner = BatchNormReluConv($"{block}.conv.conv_0", x);
        inner = BatchNormReluConv($"{block}.conv.conv_1", inner);
        string a = _writer.Node("Add", $"{block}.add_0", [Projection($"{block}.proj", x), inner]);
        inner = BatchNormReluConv($"{block}.conv.conv_2", a);
        inner = BatchNormReluConv($"{block}.conv.conv_3", inner);
        return _writer.Node("Add", $"{block}.add_1", [a, inner]);
    }

    private string DecoderBlock(string block, string x, string skip)
    {
        string joined = _writer.Node(
            "Add", $"{block}.skip", [BatchNormReluConv($"{block}.conv.conv_0", x), skip]);
        string inner = StyledConv($"{block}.conv.conv_1", joined);
        string a = _writer.Node("Add", $"{block}.add_0", [Projection($"{block}.proj", x), inner]);
        inner = StyledConv($"{block}.conv.conv_3", StyledConv($"{block}.conv.conv_2", a));
        return _writer.Node("Add", $"{block}.add_1", [a, inner]);
    }

    private string StyledConv(string block, string x)
    {
        string linear = _writer.Node(
            "Gemm", $"{block}.full", ["style", $"{block}.full.weight", $"{block}.full.bias"],
            OnnxAttribute.Int("transB", 1));
        string broadcast = _writer.Node("Unsqueeze", $"{block}.unsqueeze", [linear, UnsqueezeAxes]);
        return BatchNormReluConv($"{block}.conv", _writer.Node("Add", $"{block}.add", [x, broadcast]));
    }

    private string BatchNormReluConv(string block, string x) =>
        Conv($"{block}.2", _writer.Node("Relu", $"{block}.1", [BatchNorm($"{block}.0", x)]), 3);

    private string Projection(string block, string x) => Conv($"{block}.1", BatchNorm($"{block}.0", x), 1);

    private string BatchNorm(string name, string x) => _writer.Node(
        "BatchNormalization", name,
        [x, $"{name}.weight", $"{name}.bias", $"{name}.running_mean", $"{name}.running_var"],
        OnnxAttribute.Float("epsilon", BatchNormEpsilon), OnnxAttribute.Float("momentum", BatchNormMomentum));

    private string Conv(string name, string x, long kernel) =>
        _writer.Node("Conv", name, [x, $"{name}.weight", $"{name}.bias"], Kernel(kernel));
}
