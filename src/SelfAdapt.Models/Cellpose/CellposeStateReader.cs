using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Models.Cellpose;

/// <summary>
/// Recognises Cellpose's network (docs/cellpose.md 1) in an ONNX model by its structure, and makes the state dict
/// that Cellpose loads. Batch normalisations that an exporter folded into convolutions come back as ones that
/// change nothing.
/// </summary>
internal sealed class CellposeStateReader
{
    private const float CellposeEpsilon = 1e-5f;

    private readonly OnnxModel _model;
    private readonly Network _network;
    private readonly Dictionary<int, NetworkNode> _makers;
    private readonly Dictionary<string, OnnxTensor> _state = [];
    private readonly HashSet<int> _pooled = [];
    private readonly int[] _skips;

    private CellposeStateReader(OnnxModel model, Network network)
    {
        (_model, _network) = (model, network);
        _makers = network.NodesFor(network.OutputValue).ToDictionary(n => n.Output);
        _skips = new int[1 + _makers.Values.OfType<MaxPoolNode>().Count()];
    }

    /// <summary>The state dict.</summary>
    /// <param name="model">The model, with the weights that are wanted.</param>
    /// <param name="network">The same model as imported.</param>
    /// <param name="diamMean">The object diameter that the network was trained at, px.</param>
    /// <param name="diamLabels">The mean object diameter of the images that it is for, px.</param>
    /// <exception cref="SelfAdaptException">
    /// ModelUnsupported: it is not the network of Cellpose 1 to 3 (residual, style, no concatenation).
    /// </exception>
    public static TorchCheckpoint Read(OnnxModel model, Network network, float diamMean, float diamLabels)
    {
        return new CellposeStateReader(model, network).Run(diamMean, diamLabels);
    }

    private TorchCheckpoint Run(float diamMean, float diamLabels)
    {
        // From the output back: every value's maker is known by its place in the network.
        int x = ReadBatchNormConv(CellposeLayout.Head, 2, 1, _network.OutputValue);
        for (int level = 0; level < _skips.Length; level++)
        {
            x = ReadDecoder(level, x);
            if (level < _skips.Length - 1)
            {
                x = Through<UpsampleNode>(x);
            }
        }

        Require(x == _skips[^1], "its decoder does not begin at the deepest encoder level");
        Require(_pooled.SetEquals([x]), "its style is not pooled from the deepest encoder level");
        for (int level = _skips.Length - 1; level >= 0; level--)
        {
            x = ReadEncoder(CellposeLayout.Down(level), _skips[level]);
            if (level > 0)
            {
                x = Through<MaxPoolNode>(x);
                Require(x == _skips[level - 1], $"its skip connection at level {level - 1} is another one");
            }
        }

        Require(x == 0, "its encoder does not begin at the image");
        return Ordered(diamMean, diamLabels);
    }

    private TorchCheckpoint Ordered(float diamMean, float diamLabels)
    {
        CellposeLayout layout = new(
            _network.InputChannels,
            [.. Enumerable.Range(0, _skips.Length)
                .Select(level => _state[$"{CellposeLayout.Down(level)}.proj.1.weight"].Dims[0])],
            _network.Outputs.Channels);
        List<OnnxTensor> tensors = [];
        foreach (CellposeEntry entry in layout.Entries())
        {
            OnnxTensor tensor = entry.Kind switch
            {
                CellposeEntryKind.Diameter => OnnxTensor.FromFloats(
                    entry.Key, entry.Shape, [entry.Key == CellposeLayout.DiamMean ? diamMean : diamLabels]),
                CellposeEntryKind.BatchCount => OnnxTensor.FromInt64s(entry.Key, entry.Shape, [0]),
                _ => _state[entry.Key],
            };
            Require(
                tensor.Count == entry.Shape.Aggregate(1L, (a, b) => a * b),
                $"'{entry.Key}' has {tensor.Count} values");
            tensors.Add(entry.Kind is CellposeEntryKind.Diameter or CellposeEntryKind.BatchCount
                ? tensor
                : OnnxTensor.FromFloats(entry.Key, entry.Shape, tensor.ToFloats()));
        }

        return new TorchCheckpoint(_model.Origin, tensors);
    }

    /// <summary>x to out = a + conv_3(conv_2(a)) with a = proj(x) + conv_1(conv_0(x)); gives x.</summary>
    private int ReadEncoder(string block, int output)
    {
        (int inner, int a) = SplitSum(output, IsWideConvolution, $"{block}, its second sum");
        inner = ReadBatchNormConv($"{block}.conv.conv_3", 2, 3, inner);
        Require(ReadBatchNormConv($"{block}.conv.conv_2", 2, 3, inner) == a, $"{block} has another second branch");
        (inner, int projection) = SplitSum(a, IsWideConvolution, $"{block}, its first sum");
        inner = ReadBatchNormConv($"{block}.conv.conv_1", 2, 3, inner);
        int x = ReadBatchNormConv($"{block}.conv.conv_0", 2, 3, inner);
        Require(ReadProjection($"{block}.proj", projection) == x, $"{block} has another projection");
        return x;
    }

    /// <summary>The same with style and skip inside; gives x and remembers the skip.</summary>
    private int ReadDecoder(int level, int output)
    {
        string block = CellposeLayout.Up(level);
        (int inner, int a) = SplitSum(output, IsWideConvolution, $"{block}, its second sum");
        inner = ReadStyled($"{block}.conv.conv_3", inner);
        Require(ReadStyled($"{block}.conv.conv_2", inner) == a, $"{block} has another second branch");
        (inner, int projection) = SplitSum(a, IsWideConvolution, $"{block}, its first sum");
        inner = ReadStyled($"{block}.conv.conv_1", inner);
        (inner, int skip) = SplitSum(inner, IsWideConvolution, $"{block}, its skip connection");
        int x = ReadBatchNormConv($"{block}.conv.conv_0", 2, 3, inner);
        Require(ReadProjection($"{block}.proj", projection) == x, $"{block} has another projection");
        _skips[level] = skip;
        return x;
    }

    /// <summary>Sum with the style's features, then BatchNorm, Relu, Conv; gives the sum's other term.</summary>
    private int ReadStyled(string block, int output)
    {
        int sum = ReadBatchNormConv($"{block}.conv", 2, 3, output);
        (int style, int rest) = SplitSum(sum, IsStyleFeature, $"{block}, its style");
        LinearNode linear = (LinearNode)_makers[style];
        _pooled.Add(_makers[_makers[linear.Inputs[0]].Inputs[0]].Inputs[0]);
        _state[$"{block}.full.weight"] = Weight(linear.Weight);
        _state[$"{block}.full.bias"] = Weight(linear.Bias);
        return rest;
    }

    private int ReadBatchNormConv(string block, int index, long kernel, int output)
    {
        int x = Through<ReluNode>(ReadConvolution($"{block}.{index}", kernel, output));
        return ReadBatchNorm($"{block}.0", x);
    }

    private int ReadProjection(string block, int output) =>
        ReadBatchNorm($"{block}.0", ReadConvolution($"{block}.1", 1, output));

    private int ReadConvolution(string name, long kernel, int output)
    {
        ConvolutionNode convolution = _makers.GetValueOrDefault(output) as ConvolutionNode
            ?? throw Refuse($"'{name}' is no convolution");
        Require(convolution.Kernel == kernel, $"the convolution '{name}' is not {kernel}x{kernel}");
        _state[$"{name}.weight"] = Weight(convolution.Weight);
        _state[$"{name}.bias"] = convolution.Bias is { } bias ? Weight(bias) : Filled(convolution.OutputChannels, 0);
        return convolution.Inputs[0];
    }

    private int ReadBatchNorm(string name, int output)
    {
        if (_makers.GetValueOrDefault(output) is BatchNormalizationNode found)
        {
            _state[$"{name}.weight"] = WithCellposeEpsilon(found);
            _state[$"{name}.bias"] = Weight(found.Bias);
            _state[$"{name}.running_mean"] = Weight(found.Mean);
            _state[$"{name}.running_var"] = Weight(found.Variance);
            return found.Inputs[0];
        }

        // A folded one: (x - 0) / sqrt(v + 1e-5) * 1 + 0 is x, bit for bit, where v + 1e-5 rounds to 1.
        int channels = (int)_state[ConvolutionAfter(name)].Dims[1];
        _state[$"{name}.weight"] = Filled(channels, 1);
        _state[$"{name}.bias"] = Filled(channels, 0);
        _state[$"{name}.running_mean"] = Filled(channels, 0);
        _state[$"{name}.running_var"] = Filled(channels, 1 - CellposeEpsilon);
        return output;
    }

    /// <summary>The key of the weight that stands after a BatchNorm: index 1 in projections, else 2.</summary>
    private static string ConvolutionAfter(string name)
    {
        string block = name[..^2];
        return block.EndsWith(".proj", StringComparison.Ordinal) ? $"{block}.1.weight" : $"{block}.2.weight";
    }

    /// <summary>The scale that with Cellpose's epsilon does what the stored one does with its own.</summary>
    private OnnxTensor WithCellposeEpsilon(BatchNormalizationNode norm)
    {
        if (norm.Epsilon == CellposeEpsilon)
        {
            return Weight(norm.Scale);
        }

        float[] variance = Weight(norm.Variance).ToFloats();
        float[] scale = [.. Weight(norm.Scale).ToFloats().Select((s, i) =>
            (float)(s * Math.Sqrt(((double)variance[i] + CellposeEpsilon) / ((double)variance[i] + norm.Epsilon))))];
        return OnnxTensor.FromFloats(norm.Scale.Name, [scale.Length], scale);
    }

    private OnnxTensor Weight(NetworkTensor tensor) => _model.FindWeight(tensor.Name)!;

    private static OnnxTensor Filled(int length, float value)
    {
        float[] values = new float[length];
        Array.Fill(values, value);
        return OnnxTensor.FromFloats("", [length], values);
    }

    private (int Found, int Other) SplitSum(int output, Func<int, bool> wanted, string where)
    {
        Require(_makers.GetValueOrDefault(output) is AddNode, $"{where}: there is no sum");
        IReadOnlyList<int> terms = _makers[output].Inputs;
        Require(wanted(terms[0]) != wanted(terms[1]), $"{where}: its terms are other ones");
        return wanted(terms[0]) ? (terms[0], terms[1]) : (terms[1], terms[0]);
    }

    private bool IsWideConvolution(int value) =>
        _makers.GetValueOrDefault(value) is ConvolutionNode { Kernel: 3 };

    private bool IsStyleFeature(int value) =>
        _makers.GetValueOrDefault(value) is LinearNode linear
        && _makers.GetValueOrDefault(linear.Inputs[0]) is L2NormalizeNode unit
        && _makers.GetValueOrDefault(unit.Inputs[0]) is GlobalAveragePoolNode;

    /// <summary>The value that a node of one kind read to make this one.</summary>
    private int Through<TNode>(int output)
        where TNode : NetworkNode =>
        _makers.GetValueOrDefault(output) is TNode step and not UpsampleNode { Linear: true }
            ? step.Inputs[0]
            : throw Refuse($"a {typeof(TNode).Name.Replace("Node", "", StringComparison.Ordinal)} is missing");

    private void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw Refuse(why);
        }
    }

    private SelfAdaptException Refuse(string why) => new(
        ErrorKind.ModelUnsupported, _model.Origin,
        $"no Cellpose checkpoint can be made from it: it is not the network of Cellpose 1 to 3 "
        + $"(residual, style, no concatenation): {why}. Write it as ONNX instead.");
}
