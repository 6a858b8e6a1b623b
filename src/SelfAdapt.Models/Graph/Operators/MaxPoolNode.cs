using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>MaxPool of any window that keeps the size or divides it by its stride.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="window">What it takes the maximum of; nothing beyond the map counts.</param>
internal sealed class MaxPoolNode(string name, int input, int output, Window window) : NetworkNode(name, [input], output)
{
    public Window Window => window;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        (Activation x, long[] more) = WindowReader.Input(reader, node);
        if (x.Dims.Length != 4 || x.IsPooled || node.Outputs.Count > 1 || node.GetInts("kernel_shape") is not [long height, long width])
        {
            throw reader.Refuse(node, "only a MaxPool of a map [N,C,H,W], without indices, can be trained.");
        }

        // Zeros around a map that has nothing below zero win against nothing: they count no more than what is not there.
        if (more.Any(p => p > 0) && reader.Maker(x) is not (ReluNode or ElementNode { Function.Kind: ElementKind.Clip or ElementKind.Sigmoid }))
        {
            throw reader.Refuse(node, "zeros around a map that may be negative can't be pooled here.");
        }

        Window window = WindowReader.Read(reader, node, x, height, width, more);
        return reader.Emit(
            x.Value with { Level = x.Level + window.Levels },
            [x.Dims[0], x.Dims[1], x.Dims[2] / window.Stride, x.Dims[3] / window.Stride],
            y => new MaxPoolNode(node.Name, x.Id, y, window));
    }

    public override void Write(NetworkWriter writer) => Write(writer, this, "MaxPool", window);

    /// <summary>Writes a pooling.</summary>
    public static void Write(NetworkWriter writer, NetworkNode node, string opType, Window window)
    {
        List<OnnxAttribute> attributes =
        [
            OnnxAttribute.Ints("kernel_shape", window.Height, window.Width),
            OnnxAttribute.Ints("strides", window.Stride, window.Stride),
        ];
        if (window.Pads.Any(p => p != 0))
        {
            attributes.Add(OnnxAttribute.Ints("pads", window.Pads));
        }

        if (window.Dilation != 1)
        {
            attributes.Add(OnnxAttribute.Ints("dilations", window.Dilation, window.Dilation));
        }

        writer.Emit(opType, node, [writer.Narrow(node.Inputs[0])], [.. attributes]);
    }
}
