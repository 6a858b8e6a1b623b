using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Resize to twice the size.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes.</param>
/// <param name="linear">Linear interpolation; else pixels are repeated.</param>
/// <param name="aligned">Interpolation from corner to corner; else with half-pixel centres.</param>
internal sealed class UpsampleNode(string name, int input, int output, bool linear, bool aligned = false)
    : NetworkNode(name, [input], output)
{
    public bool Linear => linear;

    public bool Aligned => aligned;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        double[] scales = Scales(reader, node, x);
        string mode = node.GetString("mode") ?? "nearest";
        int doublings = scales is [1, 1, >= 2 and <= 64, _] && scales[2] == scales[3] ? (int)Math.Log2(scales[2]) : 0;
        if (doublings < 1 || 1 << doublings != scales[2] || doublings > x.Level || (doublings > 1 && mode != "nearest"))
        {
            throw reader.Refuse(
                node, $"it resizes by [{string.Join(", ", scales)}]: only doubling, back up to the input's size at "
                + "most, can be trained, and repeating pixels 4, 8, ... times.");
        }

        // Upsample, and Resize before opset 11, know one way only.
        bool early = node.OpType == "Upsample" || reader.Opset < 11;
        string coordinates = node.GetString("coordinate_transformation_mode")
            ?? (early ? "asymmetric" : "half_pixel");
        string rounding = node.GetString("nearest_mode") ?? (early ? "floor" : "round_prefer_floor");
        bool nearest = mode == "nearest" && ((coordinates == "asymmetric" && rounding == "floor")
            || (coordinates is "half_pixel" or "pytorch_half_pixel"
                && rounding is "round_prefer_floor" or "round_prefer_ceil")
            || (coordinates == "tf_half_pixel_for_nn" && rounding == "floor"));
        bool linear = mode == "linear" && coordinates is "half_pixel" or "pytorch_half_pixel" or "align_corners"
            && node.GetInt("antialias", 0) == 0;
        if (!nearest && !linear)
        {
            throw reader.Refuse(node, $"resizing with mode {mode}, {coordinates}, {rounding} can't be trained here.");
        }

        for (int i = 0; i < doublings; i++)
        {
            Activation from = x;
            x = reader.Emit(
                from.Value with { Level = from.Level - 1 }, [from.Dims[0], from.Dims[1], from.Dims[2] * 2, from.Dims[3] * 2],
                y => new UpsampleNode(node.Name, from.Id, y, !nearest, !nearest && coordinates == "align_corners"));
        }

        return x;
    }

    public override void Write(NetworkWriter writer)
    {
        string[] inputs = [writer.Narrow(Inputs[0]), "", writer.UpsampleScales];
        if (linear)
        {
            writer.Emit(
                "Resize", this, inputs, OnnxAttribute.String("mode", "linear"),
                OnnxAttribute.String("coordinate_transformation_mode", aligned ? "align_corners" : "half_pixel"));
        }
        else
        {
            writer.Emit(
                "Resize", this, inputs, OnnxAttribute.String("mode", "nearest"),
                OnnxAttribute.String("coordinate_transformation_mode", "asymmetric"),
                OnnxAttribute.String("nearest_mode", "floor"));
        }
    }

    private static double[] Scales(NetworkReader reader, OnnxNode node, Activation x)
    {
        // Upsample and Resize-10: (x, scales); Resize from 11 on: (x, roi, scales, sizes).
        int at = node.Inputs.Count > 2 ? 2 : 1;
        if (reader.Constant(node, at) is { Values.Length: > 0 } scales)
        {
            return scales.Values;
        }

        if (reader.Constant(node, 3) is { Values.Length: > 0 } sizes && sizes.Values.Length == x.Dims.Length)
        {
            return [.. sizes.Values.Zip(x.Dims, (size, dim) => size / dim)];
        }

        return node.GetFloats("scales") is { } attribute
            ? [.. attribute.Select(v => (double)v)]
            : throw reader.Refuse(node, "its scales are neither constant nor computed from the input's size.");
    }
}
