namespace SelfAdapt.Models.Onnx;

/// <summary>What networks of our own are emitted from; each node's one output carries its name with "_out".</summary>
internal static class NetworkPieces
{
    /// <summary>The name of the scales that <see cref="Doubled"/> reads, once they are stored.</summary>
    public const string Scales = "scales";

    /// <returns>The node's output.</returns>
    public static string Node(
        this OnnxWriter writer, string opType, string name, string[] inputs, params OnnxAttribute[] attributes)
    {
        string output = name + "_out";
        writer.AddNode(opType, name, inputs, [output], attributes);
        return output;
    }

    /// <summary>The maximum of each 2x2 window.</summary>
    public static string Pooled(this OnnxWriter writer, string name, string x) => writer.Node(
        "MaxPool", name, [x], OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2));

    /// <summary>Each pixel 2x2.</summary>
    public static string Doubled(this OnnxWriter writer, string name, string x, string scales = Scales) => writer.Node(
        "Resize", name, [x, "", scales], OnnxAttribute.String("mode", "nearest"),
        OnnxAttribute.String("coordinate_transformation_mode", "asymmetric"), OnnxAttribute.String("nearest_mode", "floor"));

    /// <summary>Twice the size, linear from corner to corner.</summary>
    public static string DoubledAligned(this OnnxWriter writer, string name, string x) => writer.Node(
        "Resize", name, [x, "", Scales], OnnxAttribute.String("mode", "linear"),
        OnnxAttribute.String("coordinate_transformation_mode", "align_corners"));

    /// <summary>Stores the scales that double height and width.</summary>
    public static void AddScales(this OnnxWriter writer, string name = Scales) =>
        writer.AddInitializer(OnnxTensor.FromFloats(name, [4], [1, 1, 2, 2]));

    /// <summary>Stores the same value many times over.</summary>
    public static void AddConstant(this OnnxWriter writer, string name, long[] dims, float value) =>
        writer.AddInitializer(OnnxTensor.FromFloats(
            name, dims, [.. Enumerable.Repeat(value, (int)dims.Aggregate(1L, (a, b) => a * b))]));

    /// <summary>Stores a weight as torch begins it: uniform within 1 / sqrt(fanIn).</summary>
    /// <param name="fanIn">Values that one output is made of.</param>
    /// <param name="uniform">Random numbers from [0, 1).</param>
    public static void AddRandom(this OnnxWriter writer, string name, long[] dims, int fanIn, Func<double> uniform)
    {
        double bound = 1 / Math.Sqrt(fanIn);
        float[] values = new float[dims.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(((2 * uniform()) - 1) * bound);
        }

        writer.AddInitializer(OnnxTensor.FromFloats(name, dims, values));
    }

    /// <summary>The attributes of a convolution that keeps the size.</summary>
    public static OnnxAttribute[] Kernel(long size) =>
    [
        OnnxAttribute.Ints("kernel_shape", size, size),
        OnnxAttribute.Ints("pads", size / 2, size / 2, size / 2, size / 2),
        OnnxAttribute.Ints("strides", 1, 1),
    ];

    /// <summary>An input or output [N, channels, H, W] of 32-bit floats.</summary>
    /// <param name="suffix">What the names of its sizes end in, where they are not the image's.</param>
    public static OnnxValueInfo Picture(string name, long channels, string suffix = "") => new(
        name, OnnxDataType.Float, [new(null, "N"), new(channels, null), new(null, "H" + suffix), new(null, "W" + suffix)]);
}
