using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Conv, 1x1 or 3x3, size kept; a stride of 2 is a <see cref="SubsampleNode"/> behind it.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes.</param>
/// <param name="weight">[outputs, inputs, kernel, kernel].</param>
/// <param name="bias">[outputs], or null.</param>
internal sealed class ConvolutionNode(string name, int input, int output, NetworkTensor weight, NetworkTensor? bias)
    : NetworkNode(name, [input], output)
{
    public NetworkTensor Weight => weight;

    public NetworkTensor? Bias => bias;

    public int OutputChannels => weight.Shape[0];

    public int InputChannels => weight.Shape[1];

    public int Kernel => weight.Shape[2];

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Activation(node, 0);
        long[] weight = [.. (reader.FindWeight(node, 1)
            ?? throw reader.Refuse(node, "its weight is computed, not stored.")).Dims];
        if (x.Dims.Length != 4 || weight.Length != 4 || weight[0] < 1 || weight[1] != x.Channels)
        {
            throw reader.Refuse(
                node, $"its weight [{string.Join(",", weight)}] does not fit {x.Channels} input channels.");
        }

        long kernel = weight[2];
        long pad = kernel / 2;
        string auto = node.GetString("auto_pad") ?? "NOTSET";
        bool same = auto is "SAME_UPPER" or "SAME_LOWER"
            || (node.GetInts("pads") ?? [0, 0, 0, 0]).SequenceEqual([pad, pad, pad, pad]);
        bool strided = node.GetInts("strides") is [2, 2];
        bool plain = (strided ? auto == "NOTSET" && !x.IsPooled : node.HasOnly("strides", 1)) && node.HasOnly("dilations", 1) && node.GetInt("group", 1) == 1;
        if (weight[3] != kernel || kernel is not (1 or 3) || !same || !plain
            || !node.HasOnly("kernel_shape", kernel))
        {
            throw reader.Refuse(
                node, $"a {weight[2]}x{weight[3]} convolution with these strides, dilations, groups or pads "
                + "can't be trained here.");
        }

        NetworkTensor w = reader.AddWeight(node, 1, weight, TensorRole.Weight);
        NetworkTensor? b = node.Inputs.Count > 2 && node.Inputs[2].Length > 0
            ? reader.AddWeight(node, 2, [weight[0]], TensorRole.Bias)
            : null;
        NetworkValue to = x.Value with { Channels = (int)weight[0] };
        long[] dims = [x.Dims[0], weight[0], x.Dims[2], x.Dims[3]];
        if (!x.IsPooled)
        {
            Activation map = reader.Emit(to, dims, y => new ConvolutionNode(node.Name, x.Id, y, w, b));
            return strided ? SubsampleNode.Add(reader, node, map) : map;
        }

        // On pooled features a 1x1 convolution is a linear layer.
        return kernel == 1 && b is not null
            ? reader.Emit(to, dims, y => new LinearNode(node.Name, x.Id, y, w, b))
            : throw reader.Refuse(node, "on pooled features only a 1x1 convolution with a bias is known.");
    }

    public override void Write(NetworkWriter writer) => Write(writer, this, weight, bias, Kernel);

    /// <summary>Writes a convolution, or a linear layer as one of 1x1.</summary>
    public static void Write(
        NetworkWriter writer, NetworkNode node, NetworkTensor weight, NetworkTensor? bias, long kernel)
    {
        string x = writer.Narrow(node.Inputs[0]);
        string w = writer.Store(weight, [weight.Shape[0], weight.Shape[1], kernel, kernel]);
        string[] inputs = bias is null ? [x, w] : [x, w, writer.Store(bias, [bias.Length])];
        writer.Emit(
            "Conv", node, inputs, OnnxAttribute.Ints("kernel_shape", kernel, kernel),
            OnnxAttribute.Ints("pads", kernel / 2, kernel / 2, kernel / 2, kernel / 2),
            OnnxAttribute.Ints("strides", 1, 1));
    }
}
