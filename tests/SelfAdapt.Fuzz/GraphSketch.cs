using SelfAdapt.Engine;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Fuzz;

/// <summary>A value of a graph: its name, its channels, and how often it was halved; pooled features have no size.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Level">0: the image's size; 1: half of it; -1: [N,C,1,1].</param>
internal sealed record Sketched(string Name, int Channels, int Level);

/// <summary>Writes a small model node by node; the image is "x", the output "y".</summary>
internal sealed class GraphSketch
{
    private readonly OnnxWriter _writer;
    private readonly RandomStream _random;
    private int _count;

    /// <summary>Starts a model.</summary>
    /// <param name="seed">Decides the weights.</param>
    /// <param name="inputs">Channels of the image.</param>
    /// <param name="outputs">Channels of the output.</param>
    public GraphSketch(ulong seed, int inputs, int outputs)
    {
        _writer = new OnnxWriter("sketch", 16, 8);
        _random = new RandomStream(seed).Substream("weights");
        Image = new Sketched("x", inputs, 0);
        _writer.AddInput(Value("x", inputs));
        _writer.AddOutput(Value("y", outputs));
    }

    public Sketched Image { get; }

    public static OnnxValueInfo Value(string name, int channels) => new(
        name, OnnxDataType.Float,
        [new(null, "n"), new(channels, null), new(null, "h"), new(null, "w")]);

    public Sketched Relu(Sketched x) => Node("Relu", x, [x.Name]);

    public Sketched Conv(Sketched x, int channels, int kernel, string? output = null, params OnnxAttribute[] more)
    {
        OnnxAttribute[] attributes = more.Any(a => a.Name == "pads")
            ? more
            : [OnnxAttribute.Ints("pads", kernel / 2, kernel / 2, kernel / 2, kernel / 2), .. more];
        string name = output ?? Name();
        _writer.AddNode(
            "Conv", name + "_conv", [x.Name, Weight(channels, x.Channels, kernel, kernel), Weight(channels)], [name],
            attributes);
        return x with { Name = name, Channels = channels };
    }

    /// <summary>A convolution of any window and groups.</summary>
    /// <param name="pads">Top, left, bottom, right.</param>
    public Sketched Windowed(
        Sketched x, int channels, (int Height, int Width) kernel, int stride, int dilation, int groups, long[] pads) => Node(
            "Conv", new Sketched("", channels, x.Level + (stride / 2)),
            [x.Name, Weight(channels, x.Channels / groups, kernel.Height, kernel.Width), Weight(channels)],
            OnnxAttribute.Ints("strides", stride, stride), OnnxAttribute.Ints("dilations", dilation, dilation),
            OnnxAttribute.Int("group", groups), OnnxAttribute.Ints("pads", pads));

    /// <summary>Zeros around a map: top, left, bottom, right.</summary>
    public Sketched Pad(Sketched x, long[] pads)
    {
        string name = Name();
        _writer.AddInitializer(OnnxTensor.FromInt64s(name, [8], [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]]));
        return Node("Pad", x, [x.Name, name]);
    }

    public Sketched PRelu(Sketched x, bool perChannel) =>
        Node("PRelu", x, [x.Name, perChannel ? Weight(x.Channels, 1, 1) : Weight(1)]);

    public Sketched BatchNorm(Sketched x, params OnnxAttribute[] attributes) => Node(
        "BatchNormalization", x,
        [x.Name, Weight(x.Channels), Weight(x.Channels), Weight(x.Channels), Positive(x.Channels)], attributes);

    public Sketched MaxPool(Sketched x, params OnnxAttribute[] more) => Node(
        "MaxPool", x with { Level = x.Level + 1 }, [x.Name],
        more.Length > 0
            ? more
            : [OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2)]);

    public Sketched Resize(Sketched x, string mode, params OnnxAttribute[] more)
    {
        string scales = Name();
        _writer.AddInitializer(OnnxTensor.FromFloats(scales, [4], [1, 1, 2, 2]));
        OnnxAttribute[] usual = mode == "linear"
            ? [OnnxAttribute.String("coordinate_transformation_mode", "half_pixel")]
            :
            [
                OnnxAttribute.String("coordinate_transformation_mode", "asymmetric"),
                OnnxAttribute.String("nearest_mode", "floor"),
            ];
        return Node(
            "Resize", x with { Level = x.Level - 1 }, [x.Name, "", scales],
            [OnnxAttribute.String("mode", mode), .. more.Length > 0 ? more : usual]);
    }

    public Sketched TransposedConv(Sketched x, int channels, int kernel, int stride, params OnnxAttribute[] more) => Node(
        "ConvTranspose", x with { Level = x.Level - 1, Channels = channels },
        [x.Name, Weight(x.Channels, channels, kernel, kernel), Weight(channels)],
        [OnnxAttribute.Ints("strides", stride, stride), .. more]);

    public Sketched Concat(params Sketched[] parts) => Node(
        "Concat", parts[0] with { Channels = parts.Sum(p => p.Channels) }, [.. parts.Select(p => p.Name)],
        OnnxAttribute.Int("axis", 1));

    public Sketched Add(Sketched a, Sketched b) => Node("Add", a.Level >= b.Level ? a : b, [a.Name, b.Name]);

    /// <summary>Adds a stored tensor, which is broadcast.</summary>
    public Sketched AddConstant(Sketched a, params int[] dims) => Node("Add", a, [a.Name, Weight(dims)]);

    public Sketched Pool(Sketched x) => Node("GlobalAveragePool", x with { Level = -1 }, [x.Name]);

    /// <summary>[N,O,1,1] from [N,I,1,1] by way of Flatten, Gemm and Unsqueeze.</summary>
    public Sketched Linear(Sketched x, int channels, params OnnxAttribute[] more)
    {
        Sketched flat = Node("Flatten", x, [x.Name], OnnxAttribute.Int("axis", 1));
        Sketched y = Node(
            "Gemm", x with { Channels = channels }, [flat.Name, Weight(channels, x.Channels), Weight(channels)],
            [OnnxAttribute.Int("transB", 1), .. more]);
        string axes = Name();
        _writer.AddInitializer(OnnxTensor.FromInt64s(axes, [2], [2, 3]));
        return Node("Unsqueeze", y, [y.Name, axes]);
    }

    public Sketched Node(string type, Sketched like, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = Name();
        _writer.AddNode(type, $"{type}_{name}", inputs, [name], attributes);
        return like with { Name = name };
    }

    public byte[] ToArray() => _writer.ToArray();

    private string Weight(params int[] dims) =>
        Tensor(dims, 2.0 / Math.Sqrt(Math.Max(1, dims.Skip(1).Aggregate(1, (a, b) => a * b))), -0.5);

    private string Positive(int length) => Tensor([length], 1, 0.5);

    private string Tensor(int[] dims, double scale, double from)
    {
        float[] values = new float[dims.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(scale * (from + _random.NextUniform()));
        }

        string name = Name();
        _writer.AddInitializer(OnnxTensor.FromFloats(name, [.. dims.Select(d => (long)d)], values));
        return name;
    }

    private string Name() => FormattableString.Invariant($"v{_count++}");
}
