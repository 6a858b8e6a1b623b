using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Conv of any window that keeps the size or divides it by its stride, in groups of channels or in one.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes.</param>
/// <param name="weight">[outputs, inputs / groups, height, width].</param>
/// <param name="bias">[outputs], or null.</param>
/// <param name="window">What it sees.</param>
/// <param name="groups">Runs of channels that are convolved each for itself.</param>
internal sealed class ConvolutionNode(
    string name, int input, int output, NetworkTensor weight, NetworkTensor? bias, Window window, int groups = 1)
    : NetworkNode(name, [input], output)
{
    /// <summary>A square window around each pixel, size kept.</summary>
    public ConvolutionNode(string name, int input, int output, NetworkTensor weight, NetworkTensor? bias)
        : this(name, input, output, weight, bias, Window.Centred(weight.Shape[2]))
    {
    }

    public NetworkTensor Weight => weight;

    public NetworkTensor? Bias => bias;

    public Window Window => window;

    public int Groups => groups;

    public int OutputChannels => weight.Shape[0];

    public int InputChannels => weight.Shape[1] * groups;

    /// <summary>Rows of the kernel.</summary>
    public int Kernel => weight.Shape[2];

    /// <summary>Whether each channel is convolved with a kernel of its own.</summary>
    public bool IsDepthwise => groups > 1 && groups == OutputChannels && weight.Shape[1] == 1;

    /// <summary>
    /// For each group the convolution that computes it: of a plain window the same, else 1x1 of what windows see, with the
    /// very same weights.
    /// </summary>
    public IReadOnlyList<ConvolutionNode> Parts =>
        field ??= [.. Enumerable.Range(0, groups).Select(g => new ConvolutionNode(
            Name, input, Output, Part(weight, g) with { Shape = [OutputChannels / groups, .. PartShape] },
            bias is null ? null : Part(bias, g)))];

    private int[] PartShape => window.IsPlain ? [.. weight.Shape.Skip(1)] : [weight.Shape[1] * window.Taps, 1, 1];

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        (Activation x, long[] more) = WindowReader.Input(reader, node);
        long[] weight = [.. (reader.FindWeight(node, 1)
            ?? throw reader.Refuse(node, "its weight is computed, not stored.")).Dims];
        long groups = node.GetInt("group", 1);
        if (x.Dims.Length != 4 || weight.Length != 4 || weight[0] < 1 || groups < 1 || groups > x.Channels
            || weight[1] * groups != x.Channels || weight[0] % groups != 0)
        {
            throw reader.Refuse(
                node, $"its weight [{string.Join(",", weight)}] does not fit {x.Channels} input channels.");
        }

        if (node.GetInts("kernel_shape") is { } kernel && !kernel.AsSpan().SequenceEqual(weight.AsSpan(2)))
        {
            throw reader.Refuse(
                node, $"its kernel_shape {string.Join(",", kernel)} does not fit its weight [{string.Join(",", weight)}].");
        }

        if (x.IsPooled)
        {
            return ReadLinear(reader, node, x, weight, groups);
        }

        Window window = WindowReader.Read(reader, node, x, weight[2], weight[3], more);
        if (weight[1] * window.Taps > NetworkReader.MostChannels)
        {
            throw reader.Refuse(node, $"its kernels have more than {NetworkReader.MostChannels} values.");
        }

        NetworkTensor w = reader.AddWeight(node, 1, weight, TensorRole.Weight, x.Level);
        NetworkTensor? b = AddBias(reader, node, weight[0], x.Level);
        return reader.Emit(
            new NetworkValue((int)weight[0], x.Level + window.Levels),
            [x.Dims[0], weight[0], x.Dims[2] / window.Stride, x.Dims[3] / window.Stride],
            y => new ConvolutionNode(node.Name, x.Id, y, w, b, window, (int)groups));
    }

    public override void Write(NetworkWriter writer)
    {
        List<OnnxAttribute> attributes =
        [
            OnnxAttribute.Ints("kernel_shape", window.Height, window.Width), OnnxAttribute.Ints("pads", window.Pads),
            OnnxAttribute.Ints("strides", window.Stride, window.Stride),
        ];
        if (window.Dilation != 1)
        {
            attributes.Add(OnnxAttribute.Ints("dilations", window.Dilation, window.Dilation));
        }

        if (groups != 1)
        {
            attributes.Add(OnnxAttribute.Int("group", groups));
        }

        Write(writer, "Conv", this, weight, bias, [.. weight.Shape.Select(d => (long)d)], attributes);
    }

    /// <summary>Writes a convolution of any sort.</summary>
    /// <param name="dims">The weight's dimensions in the file.</param>
    public static void Write(
        NetworkWriter writer, string opType, NetworkNode node, NetworkTensor weight, NetworkTensor? bias, long[] dims,
        IReadOnlyList<OnnxAttribute> attributes)
    {
        string x = writer.Narrow(node.Inputs[0]);
        string w = writer.Store(weight, dims);
        string[] inputs = bias is null ? [x, w] : [x, w, writer.Store(bias, [bias.Length])];
        writer.Emit(opType, node, inputs, [.. attributes]);
    }

    /// <summary>The bias of a convolution; null where it has none.</summary>
    public static NetworkTensor? AddBias(NetworkReader reader, OnnxNode node, long channels, int level) =>
        node.Inputs.Count > 2 && node.Inputs[2].Length > 0
            ? reader.AddWeight(node, 2, [channels], TensorRole.Bias, level)
            : null;

    private NetworkTensor Part(NetworkTensor tensor, int group)
    {
        int length = tensor.Length / groups;
        return tensor with { Offset = tensor.Offset + (group * length), Length = length };
    }

    /// <summary>On pooled features a 1x1 convolution is a linear layer.</summary>
    private static Activation ReadLinear(NetworkReader reader, OnnxNode node, Activation x, long[] weight, long groups)
    {
        bool plain = weight[2] == 1 && weight[3] == 1 && groups == 1 && node.HasOnly("strides", 1) && node.HasOnly("pads", 0);
        if (!plain || AddBias(reader, node, weight[0], x.Level) is not { } bias)
        {
            throw reader.Refuse(node, "on pooled features only a 1x1 convolution with a bias is known.");
        }

        NetworkTensor w = reader.AddWeight(node, 1, weight, TensorRole.Weight);
        return reader.Emit(
            x.Value with { Channels = (int)weight[0] }, [x.Dims[0], weight[0], x.Dims[2], x.Dims[3]],
            y => new LinearNode(node.Name, x.Id, y, w, bias));
    }
}
