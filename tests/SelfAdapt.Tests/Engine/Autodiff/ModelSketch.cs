using SelfAdapt.Engine;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tests.Models;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>
/// Writes a model node by node. Every method returns the name of the value that the node makes; the image is
/// "x", the output "y".
/// </summary>
internal sealed class ModelSketch
{
    private readonly OnnxWriter _writer;
    private ulong _key;
    private int _count;

    /// <summary>Starts a model.</summary>
    public ModelSketch(ulong seed, int inputChannels, int outputChannels, int opset = 16)
    {
        _writer = new OnnxWriter("sketch", opset, 8);
        _key = seed * 1000;
        AddInput("x", inputChannels);
        _writer.AddOutput(SmallModels.Value("y", null, outputChannels, null, null));
    }

    public void AddOutput(string name, int channels) =>
        _writer.AddOutput(SmallModels.Value(name, null, channels, null, null));

    public void AddInput(string name, int channels) =>
        _writer.AddInput(SmallModels.Value(name, null, channels, null, null));

    /// <summary>A node without weights of its own.</summary>
    public string Node(string type, string[] inputs, params OnnxAttribute[] attributes) =>
        Named(type, $"{type}{_count}", inputs, $"v{_count++}", attributes);

    /// <summary>A node whose name and output are given.</summary>
    public string Named(
        string type, string name, string[] inputs, string output, params OnnxAttribute[] attributes)
    {
        _writer.AddNode(type, name, inputs, [output], attributes);
        return output;
    }

    public string Relu(string x) => Node("Relu", [x]);

    public string Conv(string x, int inputs, int outputs, int kernel, string? output = null) => Named(
        "Conv", $"Conv{_count}", [x, Weight(outputs, inputs, kernel, kernel), Weight(outputs)],
        output ?? $"v{_count++}", Kernel(kernel));

    public string StridedConv(string x, int inputs, int outputs, int kernel) => Node(
        "Conv", [x, Weight(outputs, inputs, kernel, kernel), Weight(outputs)],
        [.. Kernel(kernel), OnnxAttribute.Ints("strides", 2, 2)]);

    /// <summary>A convolution in groups of channels, with attributes of its own.</summary>
    public string Conv(
        string x, int inputs, int outputs, (int Height, int Width) kernel, int groups, params OnnxAttribute[] attributes) => Node(
            "Conv", [x, Weight(outputs, inputs / groups, kernel.Height, kernel.Width), Weight(outputs)],
            [OnnxAttribute.Int("group", groups), .. attributes]);

    public string TransposedConv(string x, int inputs, int outputs, bool bias) => Node(
        "ConvTranspose", bias ? [x, Weight(inputs, outputs, 2, 2), Weight(outputs)] : [x, Weight(inputs, outputs, 2, 2)],
        OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2));

    public string BatchNorm(string x, int channels) => Node(
        "BatchNormalization", [x, Positive(channels), Weight(channels), Weight(channels), Positive(channels)]);

    public string MaxPool(string x) => Node(
        "MaxPool", [x], OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2));

    public string ResizeLinear(string x) => Resize(
        x, OnnxAttribute.String("mode", "linear"),
        OnnxAttribute.String("coordinate_transformation_mode", "half_pixel"));

    public string ResizeAligned(string x) => Resize(
        x, OnnxAttribute.String("mode", "linear"),
        OnnxAttribute.String("coordinate_transformation_mode", "align_corners"));

    /// <summary>Some channels of a map.</summary>
    public string Channels(string x, int from, int to) =>
        Node("Slice", [x, Integers(from), Integers(to), Integers(1)]);

    public string ResizeNearest(string x) => Resize(
        x, OnnxAttribute.String("mode", "nearest"),
        OnnxAttribute.String("coordinate_transformation_mode", "asymmetric"),
        OnnxAttribute.String("nearest_mode", "floor"));

    public string Resize(string x, params OnnxAttribute[] attributes) =>
        Node("Resize", [x, "", Twice()], attributes);

    /// <summary>Resize's predecessor, of opset 9.</summary>
    public string Upsample(string x, string mode) =>
        Node("Upsample", [x, Twice()], OnnxAttribute.String("mode", mode));

    public string Concat(params string[] parts) => Node("Concat", parts, OnnxAttribute.Int("axis", 1));

    /// <summary>[N,C], the mean over all pixels.</summary>
    public string Pooled(string x) =>
        Node("Flatten", [Node("GlobalAveragePool", [x])], OnnxAttribute.Int("axis", 1));

    /// <summary>[N,O,1,1] from [N,I].</summary>
    public string Linear(string x, int inputs, int outputs)
    {
        string y = Node("Gemm", [x, Weight(outputs, inputs), Weight(outputs)], OnnxAttribute.Int("transB", 1));
        string axes = $"axes{_count++}";
        _writer.AddInitializer(OnnxTensor.FromInt64s(axes, [2], [2, 3]));
        return Node("Unsqueeze", [y, axes]);
    }

    /// <summary>A stored tensor of random values, smaller where more of them are summed.</summary>
    public string Weight(params int[] dims)
    {
        double size = dims.Length > 1 ? 1.5 / Math.Sqrt(dims.Skip(1).Aggregate(1, (a, b) => a * b)) : 0.5;
        return Tensor(dims, u => size * ((2 * u) - 1));
    }

    /// <summary>A stored number.</summary>
    public string Scalar(float value) => Tensor([], _ => value);

    /// <summary>A stored list of integers.</summary>
    public string Integers(params long[] values)
    {
        string name = $"integers{_count++}";
        _writer.AddInitializer(OnnxTensor.FromInt64s(name, [values.Length], values));
        return name;
    }

    public OnnxModel Model() => OnnxModel.Parse(_writer.ToArray(), "sketch.onnx");

    public static OnnxAttribute[] Kernel(int size) =>
    [
        OnnxAttribute.Ints("kernel_shape", size, size),
        OnnxAttribute.Ints("pads", size / 2, size / 2, size / 2, size / 2),
    ];

    private string Twice()
    {
        string scales = $"scales{_count++}";
        _writer.AddInitializer(OnnxTensor.FromFloats(scales, [4], [1, 1, 2, 2]));
        return scales;
    }

    private string Positive(int length) => Tensor([length], u => 0.5 + u);

    private string Tensor(int[] dims, Func<double, double> value)
    {
        string name = $"w{_count++}";
        ulong key = _key++;
        float[] values = new float[dims.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)value(CounterRandom.Uniform(key, (ulong)i));
        }

        _writer.AddInitializer(OnnxTensor.FromFloats(name, [.. dims.Select(d => (long)d)], values));
        return name;
    }
}
