using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>ConvTranspose: each pixel becomes a window of values, and windows that overlap are added.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes, larger by the window's stride.</param>
/// <param name="weight">[inputs, outputs, height, width].</param>
/// <param name="bias">[outputs], or null.</param>
/// <param name="window">The window of the convolution whose gradient it is.</param>
internal sealed class TransposedConvolutionNode(
    string name, int input, int output, NetworkTensor weight, NetworkTensor? bias, Window window)
    : NetworkNode(name, [input], output)
{
    public NetworkTensor Weight => weight;

    public NetworkTensor? Bias => bias;

    public Window Window => window;

    /// <summary>
    /// The convolution whose gradient it is: 1x1, from the values of each output channel's window to the inputs, with the
    /// very same weights.
    /// </summary>
    public ConvolutionNode Adjoint { get; } = new(
        name, output, input, weight with { Shape = [weight.Shape[0], weight.Shape[1] * window.Taps, 1, 1] }, null);

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        long[] weight = [.. (reader.FindWeight(node, 1)
            ?? throw reader.Refuse(node, "its weight is computed, not stored.")).Dims];
        if (weight is not [_, > 0, _, _] || weight[0] != x.Channels || node.GetInt("group", 1) != 1
            || (node.GetInts("kernel_shape") is { } kernel && !kernel.AsSpan().SequenceEqual(weight.AsSpan(2))))
        {
            throw reader.Refuse(
                node, $"a transposed convolution with a weight of [{string.Join(",", weight)}] and {node.GetInt("group", 1)} groups "
                + $"on {x.Channels} channels can't be trained here.");
        }

        Window window = WindowReader.ReadTransposed(reader, node, weight[2], weight[3]);
        if (window.Levels > x.Level || weight[1] * window.Taps > NetworkReader.MostChannels)
        {
            throw reader.Refuse(node, "it makes a map that is larger than the image, or its kernels are too large to be trained here.");
        }

        NetworkTensor w = reader.AddWeight(node, 1, weight, TensorRole.Weight);
        NetworkTensor? b = ConvolutionNode.AddBias(reader, node, weight[1], x.Level);
        return reader.Emit(
            new NetworkValue((int)weight[1], x.Level - window.Levels),
            [x.Dims[0], weight[1], x.Dims[2] * window.Stride, x.Dims[3] * window.Stride],
            y => new TransposedConvolutionNode(node.Name, x.Id, y, w, b, window));
    }

    public override void Write(NetworkWriter writer)
    {
        List<OnnxAttribute> attributes =
        [
            OnnxAttribute.Ints("kernel_shape", window.Height, window.Width),
            OnnxAttribute.Ints("strides", window.Stride, window.Stride),
        ];
        if (window.Dilation != 1)
        {
            attributes.Add(OnnxAttribute.Ints("dilations", window.Dilation, window.Dilation));
        }

        // As torch states it: the same pads on both sides, and what is then missing at the end.
        (int down, int right) = (Missing(window.Height, window.Top), Missing(window.Width, window.Left));
        long[] pads = [window.Top, window.Left, window.Top - Math.Min(0, down), window.Left - Math.Min(0, right)];
        if (pads.Any(p => p != 0))
        {
            attributes.Add(OnnxAttribute.Ints("pads", pads));
        }

        if (down > 0 || right > 0)
        {
            attributes.Add(OnnxAttribute.Ints("output_padding", Math.Max(0, down), Math.Max(0, right)));
        }

        ConvolutionNode.Write(
            writer, "ConvTranspose", this, weight, bias, [.. weight.Shape.Select(d => (long)d)], attributes);

        int Missing(int taps, int before) => window.Stride - ((window.Dilation * (taps - 1)) + 1 - (2 * before));
    }
}
