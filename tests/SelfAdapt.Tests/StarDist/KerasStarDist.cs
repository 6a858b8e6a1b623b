using SelfAdapt.Engine;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Tests.StarDist;

/// <summary>
/// StarDist's published topology (2D_dsb2018: grid 2, three levels, two convolutions each, no norm) as tf2onnx writes it, with
/// few channels: the image and the outputs have their channels last.
/// </summary>
/// <param name="throughout">Transposes around every pooling and joining, sizes computed; else at the ends only.</param>
internal sealed class KerasStarDist(bool throughout)
{
    public const int Rays = 8;

    private const int Base = 4;

    private readonly OnnxWriter _writer = new("tf2onnx", 15, 8);
    private ulong _key;
    private int _count;

    /// <summary>Input "input" [N,H,W,1]; outputs "prob" and "dist", or where transposes are throughout one joined, "concat".</summary>
    public OnnxModel Build()
    {
        _writer.AddInput(Value("input", 1));
        string x = Node("Transpose", ["input"], OnnxAttribute.Ints("perm", 0, 3, 1, 2));
        x = Pool(Conv(Conv(x, 1, Base), Base, Base));
        List<string> skips = [];
        int channels = Base;
        for (int level = 0; level < 3; level++)
        {
            int width = Base << level;
            skips.Add(x = Conv(Conv(x, channels, width), width, width));
            (x, channels) = (Pool(x), width);
        }

        x = Conv(Conv(x, channels, 2 * channels), 2 * channels, channels);
        for (int level = 2; level >= 0; level--)
        {
            int width = Base << level;
            x = Conv(Join(Up(x), skips[level]), channels + width, width);
            channels = level > 0 ? width / 2 : width;
            x = Conv(x, width, channels);
        }

        x = Conv(x, channels, 4 * Base);
        string probability = Node("Sigmoid", [Conv(x, 4 * Base, 1, 1)]);
        string distances = Conv(x, 4 * Base, Rays, 1);
        if (throughout)
        {
            _writer.AddNode(
                "Concat", "concatenate", [Last(probability), Last(distances)], ["concat"], OnnxAttribute.Int("axis", 3));
            _writer.AddOutput(Value("concat", 1 + Rays));
        }
        else
        {
            _writer.AddNode("Transpose", "prob_t", [probability], ["prob"], OnnxAttribute.Ints("perm", 0, 2, 3, 1));
            _writer.AddNode("Transpose", "dist_t", [distances], ["dist"], OnnxAttribute.Ints("perm", 0, 2, 3, 1));
            _writer.AddOutput(Value("prob", 1));
            _writer.AddOutput(Value("dist", Rays));
        }

        return OnnxModel.Parse(_writer.ToArray(), "keras.onnx");
    }

    private string Conv(string x, int from, int to, int kernel = 3)
    {
        string y = Node(
            "Conv", [x, Weight([to, from, kernel, kernel]), Weight([to])], OnnxAttribute.Ints("kernel_shape", kernel, kernel),
            OnnxAttribute.String("auto_pad", kernel == 1 ? "VALID" : "SAME_UPPER"), OnnxAttribute.Ints("strides", 1, 1));
        return kernel == 1 ? y : throughout ? First(Node("Relu", [Last(y)])) : Node("Relu", [y]);
    }

    private string Pool(string x) => Node(
        "MaxPool", [x], OnnxAttribute.String("auto_pad", "VALID"), OnnxAttribute.Ints("kernel_shape", 2, 2),
        OnnxAttribute.Ints("strides", 2, 2));

    private string Up(string x)
    {
        OnnxAttribute[] nearest =
        [
            OnnxAttribute.String("mode", "nearest"), OnnxAttribute.String("nearest_mode", "floor"),
            OnnxAttribute.String("coordinate_transformation_mode", throughout ? "tf_half_pixel_for_nn" : "asymmetric"),
        ];
        if (!throughout)
        {
            _writer.AddInitializer(OnnxTensor.FromFloats($"scales{_count}", [4], [1, 1, 2, 2]));
            return Node("Resize", [x, "", $"scales{_count}"], nearest);
        }

        // The size of the transposed map, its middle doubled, and what lies around it.
        string shape = Node("Shape", [Last(x)]);
        string size = Node("Mul", [Slice(shape, 1, 3), Integers(2)]);
        return Node("Resize", [x, "", "", Node("Concat", [Slice(Node("Shape", [x]), 0, 2), size], OnnxAttribute.Int("axis", 0))], nearest);
    }

    private string Join(string up, string skip) => throughout
        ? First(Node("Concat", [Last(up), Last(skip)], OnnxAttribute.Int("axis", -1)))
        : Node("Concat", [up, skip], OnnxAttribute.Int("axis", 1));

    private string Last(string x) => Node("Transpose", [x], OnnxAttribute.Ints("perm", 0, 2, 3, 1));

    private string First(string x) => Node("Transpose", [x], OnnxAttribute.Ints("perm", 0, 3, 1, 2));

    private string Slice(string x, long from, long to) => Node("Slice", [x, Integers(from), Integers(to), Integers(0)]);

    private string Integers(params long[] values)
    {
        string name = $"i{_count++}";
        _writer.AddInitializer(OnnxTensor.FromInt64s(name, [values.Length], values));
        return name;
    }

    private string Weight(long[] dims)
    {
        string name = $"w{_count++}";
        float[] values = new float[dims.Aggregate(1L, (a, b) => a * b)];
        double size = dims.Length == 1 ? 0.2 : 1.8 / Math.Sqrt(values.Length / dims[0]);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(size * ((2 * CounterRandom.Uniform(_key, (ulong)i)) - 1));
        }

        _key++;
        _writer.AddInitializer(OnnxTensor.FromFloats(name, dims, values));
        return name;
    }

    private string Node(string type, string[] inputs, params OnnxAttribute[] attributes)
    {
        string output = $"v{_count++}";
        _writer.AddNode(type, $"{type}_{_count}", inputs, [output], attributes);
        return output;
    }

    private static OnnxValueInfo Value(string name, long channels) => new(
        name, OnnxDataType.Float, [new(null, "n"), new(null, "h" + name), new(null, "w" + name), new(channels, null)]);
}
