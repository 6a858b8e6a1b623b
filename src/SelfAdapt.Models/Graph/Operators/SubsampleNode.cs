using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Every second pixel of every second row: what a stride of 2 does, behind a convolution or alone.</summary>
internal sealed class SubsampleNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    /// <summary>Adds it behind a map, where its size can be halved.</summary>
    public static Activation Add(NetworkReader reader, OnnxNode node, Activation map) =>
        map.Dims[2] % 2 == 0 && map.Dims[3] % 2 == 0
            ? reader.Emit(
                map.Value with { Level = map.Level + 1 }, [map.Dims[0], map.Dims[1], map.Dims[2] / 2, map.Dims[3] / 2],
                y => new SubsampleNode(node.Name, map.Id, y))
            : throw reader.Refuse(node, $"a stride of 2 on a map of {map.Dims[2]}x{map.Dims[3]} can't be trained here.");

    /// <summary>As the maximum of single pixels, the plain operator that has strides and nothing else.</summary>
    public override void Write(NetworkWriter writer) => writer.Emit(
        "MaxPool", this, [writer.Narrow(Inputs[0])],
        OnnxAttribute.Ints("kernel_shape", 1, 1), OnnxAttribute.Ints("strides", 2, 2));
}
