using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>ConvTranspose of 2x2, stride 2: each pixel becomes a 2x2 window of its own, so that windows do not overlap.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes, twice as large.</param>
/// <param name="weight">[inputs, outputs, 2, 2].</param>
/// <param name="bias">[outputs], or null.</param>
internal sealed class TransposedConvolutionNode(
    string name, int input, int output, NetworkTensor weight, NetworkTensor? bias) : NetworkNode(name, [input], output)
{
    private const int Side = 2;

    public NetworkTensor Weight => weight;

    public NetworkTensor? Bias => bias;

    /// <summary>
    /// The convolution whose gradient it is: 1x1, from the four values of each output channel's window to the inputs, with the
    /// very same weights.
    /// </summary>
    public ConvolutionNode Adjoint { get; } = new(
        name, output, input,
        weight with { Shape = [weight.Shape[0], weight.Shape[1] * Side * Side, 1, 1] }, null);

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        long[] weight = [.. (reader.FindWeight(node, 1)
            ?? throw reader.Refuse(node, "its weight is computed, not stored.")).Dims];
        bool plain = weight is [_, > 0, Side, Side] && weight[0] == x.Channels && node.GetInts("strides") is [Side, Side]
            && node.HasOnly("pads", 0) && node.HasOnly("output_padding", 0)
            && node.HasOnly("dilations", 1) && node.HasOnly("kernel_shape", Side) && node.GetInt("group", 1) == 1
            && node.GetInts("output_shape") is null && x.Level > 0;
        if (!plain)
        {
            throw reader.Refuse(
                node, $"a transposed convolution with a weight of [{string.Join(",", weight)}] and these strides, pads or groups "
                + "can't be trained here: only 2x2 with stride 2, back up to the input's size at most.");
        }

        NetworkTensor w = reader.AddWeight(node, 1, weight, TensorRole.Weight);
        NetworkTensor? b = node.Inputs.Count > 2 && node.Inputs[2].Length > 0
            ? reader.AddWeight(node, 2, [weight[1]], TensorRole.Bias)
            : null;
        return reader.Emit(
            x.Value with { Channels = (int)weight[1], Level = x.Level - 1 },
            [x.Dims[0], weight[1], x.Dims[2] * Side, x.Dims[3] * Side],
            y => new TransposedConvolutionNode(node.Name, x.Id, y, w, b));
    }

    public override void Write(NetworkWriter writer)
    {
        string x = writer.Narrow(Inputs[0]);
        string w = writer.Store(weight, [weight.Shape[0], weight.Shape[1], Side, Side]);
        string[] inputs = bias is null ? [x, w] : [x, w, writer.Store(bias, [bias.Length])];
        writer.Emit(
            "ConvTranspose", this, inputs, OnnxAttribute.Ints("kernel_shape", Side, Side), OnnxAttribute.Ints("strides", Side, Side));
    }
}
