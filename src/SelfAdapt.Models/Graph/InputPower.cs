using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// The power that a model's input is raised to before everything else: three nodes at the front of its graph (Relu, the
/// exponent, Pow), so that every program which runs the file does the same. Here they are taken off again, and whoever cuts
/// tiles raises them.
/// </summary>
internal static class InputPower
{
    /// <summary>The name of the raised input.</summary>
    public const string Raised = "input_power";

    private const string NotNegative = "input_power_base";
    private const string Exponent = "input_power_exponent";

    // Before this operator set Pow spreads its second input over the first only where it is told to.
    private const long SpreadingOpset = 7;

    /// <summary>The power; 1 where there is none.</summary>
    public static double Of(OnnxModel model) => ExponentOf(model) is { } exponent
        // As it was written before it was rounded to the element type.
        ? Math.Round(exponent, 4)
        : 1;

    /// <summary>The model without it; itself where there is none.</summary>
    public static OnnxModel Without(OnnxModel model) =>
        ExponentOf(model) is null ? model : Edit(model, Raised, ImageInput.Read(model).Name, []);

    /// <summary>The model with a power, in the place of the one that it has; weights stay where they are.</summary>
    /// <param name="power">Above 0; 1 for none.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: its input takes whole numbers.</exception>
    public static OnnxModel With(OnnxModel model, double power)
    {
        if (power == Of(model))
        {
            return model;
        }

        model = Without(model);
        ImageInput image = ImageInput.Read(model);
        return power == 1 ? model
            : image.IsInteger ? throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Origin,
                $"its input '{image.Name}' takes whole numbers ({image.Type}): no power of intensities can stand before it.")
            : Edit(model, image.Name, Raised, Nodes(model, image, (float)power));
    }

    /// <summary>Raises intensities; what is below 0 becomes 0.</summary>
    /// <param name="power">1 leaves all as it is.</param>
    public static void Raise(Span<float> values, double power)
    {
        if (power != 1)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = MathF.Pow(MathF.Max(0, values[i]), (float)power);
            }
        }
    }

    private static double? ExponentOf(OnnxModel model) =>
        model.Graph.Nodes is [OnnxNode { OpType: "Relu" } relu, OnnxNode { OpType: "Constant" } exponent, OnnxNode { OpType: "Pow" } pow, ..]
        && relu.Outputs.SequenceEqual([NotNegative]) && exponent.Outputs.SequenceEqual([Exponent])
        && pow.Inputs.SequenceEqual([NotNegative, Exponent]) && pow.Outputs.SequenceEqual([Raised])
        && model.Graph.Inputs is [OnnxValueInfo image] && relu.Inputs.SequenceEqual([image.Name])
        && exponent.GetTensor("value") is { Count: 1 } value && value.ToFloats()[0] is > 0 and float number && float.IsFinite(number)
            ? number
            : null;

    private static byte[] Nodes(OnnxModel model, ImageInput image, float power)
    {
        OnnxTensor exponent = OnnxTensor.FromFloats("", [], [power]);
        if (image.Type != OnnxDataType.Float)
        {
            byte[] raw = new byte[OnnxDataTypes.Size(image.Type)];
            TensorData.Write(raw, 0, raw.Length, ElementBits.FromFloat(image.Type, power));
            exponent = OnnxTensor.FromRaw("", image.Type, [], raw);
        }

        OnnxAttribute[] spread = model.Opsets.GetValueOrDefault("") < SpreadingOpset ? [OnnxAttribute.Int("broadcast", 1)] : [];
        ProtoWriter nodes = new();
        nodes.Message(GraphFields.Node, OnnxWriter.Node("Relu", NotNegative, [image.Name], [NotNegative]));
        nodes.Message(
            GraphFields.Node, OnnxWriter.Node("Constant", Exponent, [], [Exponent], OnnxAttribute.Tensor("value", exponent)));
        nodes.Message(GraphFields.Node, OnnxWriter.Node("Pow", Raised, [NotNegative, Exponent], [Raised], spread));
        return nodes.ToArray();
    }

    /// <summary>Puts nodes before all others, or takes those away, and has every reader of one value read another.</summary>
    private static OnnxModel Edit(OnnxModel model, string read, string instead, byte[] before)
    {
        Splicer splicer = new(model);
        IReadOnlyList<OnnxNode> nodes = model.Graph.Nodes;
        for (int i = 0; i < nodes.Count; i++)
        {
            byte[] head = i == 0 ? before : [];
            if (before.Length == 0 && i < 3)
            {
                splicer.Replace(nodes[i].Record, []);
            }
            else if (nodes[i].Inputs.Contains(read))
            {
                splicer.Replace(nodes[i].Record, [.. head, .. Rewired(model.Source, nodes[i].Record, read, instead)]);
            }
            else if (head.Length > 0)
            {
                splicer.Replace(nodes[i].Record, [.. head, .. Bytes(model.Source, nodes[i].Record)]);
            }
        }

        return splicer.FinishModel();
    }

    private static byte[] Rewired(ModelSource source, ByteRange record, string read, string instead)
    {
        ProtoReader outer = new(source, record, "a node");
        outer.Next();
        ProtoReader fields = outer.Message("a node");
        ProtoWriter node = new();
        while (fields.Next())
        {
            if (fields.Field == NodeFields.Input && fields.Text() is { } input)
            {
                node.Text(NodeFields.Input, input == read ? instead : input);
            }
            else
            {
                fields.Skip();
                node.Append(Bytes(source, fields.Record));
            }
        }

        ProtoWriter rewired = new();
        rewired.Message(GraphFields.Node, node);
        return rewired.ToArray();
    }

    private static ReadOnlySpan<byte> Bytes(ModelSource source, ByteRange range) =>
        source.Bytes.AsSpan(range.Start, range.Length);
}
