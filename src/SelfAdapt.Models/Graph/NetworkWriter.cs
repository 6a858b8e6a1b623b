using System.Globalization;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// Writes a network anew as a plain ONNX graph: opset 13, IR 7, one output, no size computations, no changes of
/// rank, the style branch on [N,C,1,1] throughout. Each operator's node knows how it is written.
/// </summary>
internal sealed class NetworkWriter
{
    /// <summary>The operator set that variants are written in: old enough for every consumer.</summary>
    public const long Opset = 13;

    /// <summary>Name of the image input.</summary>
    public const string InputName = "image";

    /// <summary>Name of the output of a network with flows: flow y, flow x, cell probability (a logit).</summary>
    public const string FlowOutputName = "flows_cellprob";

    private const long IrVersion = 7;

    private readonly OnnxModel _model;
    private readonly Network _network;
    private readonly ModelVariant _variant;
    private readonly OnnxWriter _writer = new("network", Opset, IrVersion);
    private readonly Dictionary<int, string> _names = [];
    private readonly HashSet<int> _wide = [];
    private readonly HashSet<string> _nodeNames = [];
    private readonly HashSet<string> _tensorNames = [];

    private NetworkWriter(OnnxModel model, Network network, ModelVariant variant) =>
        (_model, _network, _variant) = (model, network, variant);

    /// <summary>True where weights and maps are 16-bit floats.</summary>
    internal bool IsHalf => _variant.Half;

    /// <summary>The name of the scales that double height and width, stored when first asked for.</summary>
    internal string UpsampleScales
    {
        get
        {
            if (field is null)
            {
                field = Unique("upsample.scales", _tensorNames);
                _writer.AddInitializer(OnnxTensor.FromFloats(field, [4], [1, 1, 2, 2]));
            }

            return field;
        }
    }

    /// <summary>Writes a variant.</summary>
    /// <param name="model">The model, with the weights that are wanted.</param>
    /// <param name="network">The same model as read; its weights may be older.</param>
    /// <param name="metadata">Free key-value pairs to store in the file.</param>
    /// <returns>
    /// The file: input "image" [N, channels, H, W], one output [N, outputs, H, W], both float32; the output is called
    /// "flows_cellprob" for a network with flows, else as in the model.
    /// </returns>
    /// <exception cref="SelfAdaptException">
    /// InvalidOption: the size is none that the network can take. ModelUnsupported: a weight exceeds 16-bit floats.
    /// </exception>
    public static byte[] Write(
        OnnxModel model, Network network, ModelVariant variant, IReadOnlyDictionary<string, string> metadata)
    {
        int multiple = network.SizeMultiple;
        if (variant is { Height: int h, Width: int w }
            && (h < multiple || w < multiple || h % multiple != 0 || w % multiple != 0))
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, model.Origin,
                $"the size {h}x{w} does not fit this network: height and width must be multiples of {multiple}.");
        }

        NetworkWriter writer = new(model, network, variant);
        byte[] plain = writer.Run(metadata);
        double gamma = InputPower.Of(model);
        return gamma == 1 ? plain : InputPower.With(OnnxModel.Parse(plain, model.Origin), gamma).Bytes;
    }

    private byte[] Run(IReadOnlyDictionary<string, string> metadata)
    {
        (string Name, int Value)[] outputs =
            [.. _network.Returned.Select(r => r with { Name = _network.Outputs.HasFlow ? FlowOutputName : r.Name })];
        _writer.AddInput(Picture(InputName, _network.Values[0]));
        _names[0] = InputName;
        _tensorNames.UnionWith([InputName, .. outputs.Select(o => o.Name)]);
        _wide.Add(0);
        foreach ((string output, int value) in outputs)
        {
            _writer.AddOutput(Picture(output, _network.Values[value]));

            // It gets its name by position: with 16-bit maps a cast makes it, else its own node.
            if (!IsHalf)
            {
                _names[value] = output;
            }
        }

        foreach (NetworkNode node in _network.NodesFor(outputs.Select(o => o.Value)))
        {
            node.Write(this);
        }

        foreach ((string output, int value) in IsHalf ? outputs : [])
        {
            Cast(_names[value], output, OnnxDataType.Float);
        }

        foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            _writer.AddMetadata(key, value);
        }

        return _writer.ToArray();
    }

    private OnnxValueInfo Picture(string name, NetworkValue value)
    {
        OnnxDimension batch = _variant.IsStatic ? new(1, null) : new(null, "N");
        string suffix = value.Level == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"_{1 << value.Level}");
        return new OnnxValueInfo(
            name, OnnxDataType.Float,
            [
                batch, new(value.Channels, null), new(_variant.Height >> value.Level, _variant.IsStatic ? null : "H" + suffix),
                new(_variant.Width >> value.Level, _variant.IsStatic ? null : "W" + suffix),
            ]);
    }

    /// <summary>Writes a node that makes what the network's node makes.</summary>
    internal void Emit(string opType, NetworkNode node, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = Unique(NameOf(node), _nodeNames);
        if (!_names.TryGetValue(node.Output, out string? output))
        {
            output = Unique(name + "_out", _tensorNames);
            _names[node.Output] = output;
        }

        _writer.AddNode(opType, name, inputs, [output], attributes);
    }

    /// <summary>Writes a node in front of a network's node; gives its output.</summary>
    internal string EmitHelper(
        string opType, NetworkNode node, string suffix, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = Unique($"{NameOf(node)}.{suffix}", _tensorNames);
        _writer.AddNode(opType, name, inputs, [name], attributes);
        return name;
    }

    /// <summary>A value as the maps' element type.</summary>
    internal string Narrow(int value)
    {
        if (!IsHalf || !_wide.Remove(value))
        {
            return _names[value];
        }

        return _names[value] = Cast(_names[value], Unique(_names[value] + "_half", _tensorNames), OnnxDataType.Float16);
    }

    /// <summary>A value as 32-bit floats.</summary>
    internal string Wide(int value) =>
        !IsHalf || _wide.Contains(value)
            ? _names[value]
            : Cast(_names[value], Unique(_names[value] + "_wide", _tensorNames), OnnxDataType.Float);

    /// <summary>Notes that a value is 32-bit floats whatever the maps are.</summary>
    internal void KeepWide(int value) => _wide.Add(value);

    /// <summary>The wanted values of a weight.</summary>
    internal float[] Values(NetworkTensor tensor) => _model.FindWeight(tensor.Name)!.ToFloats();

    /// <summary>Stores a weight in a shape of as many values; gives its name.</summary>
    internal string Store(NetworkTensor tensor, long[] dims) => Store(tensor.Name, Values(tensor), dims);

    /// <summary>Stores values; gives their name.</summary>
    internal string Store(string name, float[] values, long[] dims)
    {
        string unique = Unique(name.Length > 0 ? name : "constant", _tensorNames);
        OnnxTensor stored = OnnxTensor.FromFloats(unique, dims, values);
        _writer.AddInitializer(IsHalf ? ToHalf(stored, values) : stored);
        return unique;
    }

    /// <summary>Stores whole numbers, such as a shape; gives their name.</summary>
    internal string StoreIntegers(string name, params long[] values)
    {
        string unique = Unique(name, _tensorNames);
        _writer.AddInitializer(OnnxTensor.FromInt64s(unique, [values.Length], values));
        return unique;
    }

    private string Cast(string from, string to, OnnxDataType type)
    {
        _writer.AddNode("Cast", Unique(to, _nodeNames), [from], [to], OnnxAttribute.Int("to", (long)type));
        return to;
    }

    private OnnxTensor ToHalf(OnnxTensor tensor, float[] values)
    {
        byte[] raw = new byte[values.Length * 2];
        for (int i = 0; i < values.Length; i++)
        {
            Half half = (Half)values[i];
            if (!Half.IsFinite(half))
            {
                throw new SelfAdaptException(
                    ErrorKind.ModelUnsupported, _model.Origin,
                    string.Create(CultureInfo.InvariantCulture, $"the weight '{tensor.Name}' holds {values[i]}, ")
                    + "which a 16-bit float can't hold: write another variant.");
            }

            BitConverter.TryWriteBytes(raw.AsSpan(i * 2), BitConverter.HalfToUInt16Bits(half));
        }

        return OnnxTensor.FromRaw(tensor.Name, OnnxDataType.Float16, [.. tensor.Dims], raw);
    }

    private static string NameOf(NetworkNode node) =>
        node.Name.Length > 0 ? node.Name
        : string.Create(CultureInfo.InvariantCulture, $"node_{node.Output}");

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 1; !taken.Add(unique); i++)
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
        }

        return unique;
    }
}
