namespace SelfAdapt.Models.Onnx;

/// <summary>Builds an ONNX model file: nodes in the order given, initialisers as raw_data.</summary>
internal sealed class OnnxWriter
{
    private const string Producer = "SelfAdapt";

    private readonly ProtoWriter _nodes = new();
    private readonly ProtoWriter _initializers = new();
    private readonly ProtoWriter _values = new();
    private readonly ProtoWriter _metadata = new();
    private readonly string _graphName;
    private readonly long _opset;
    private readonly long _irVersion;

    public OnnxWriter(string graphName, long opset, long irVersion) =>
        (_graphName, _opset, _irVersion) = (graphName, opset, irVersion);

    public void AddInput(OnnxValueInfo input) => _values.Message(GraphFields.Input, Value(input));

    public void AddOutput(OnnxValueInfo output) => _values.Message(GraphFields.Output, Value(output));

    /// <param name="tensor">Its name, sizes and values; of an element type with a fixed width.</param>
    public void AddInitializer(OnnxTensor tensor) =>
        _initializers.Message(GraphFields.Initializer, Tensor(tensor, tensor?.Name ?? ""));

    public void AddNode(
        string opType,
        string name,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        params OnnxAttribute[] attributes) =>
        _nodes.Message(GraphFields.Node, Node(opType, name, inputs, outputs, attributes));

    /// <summary>Adds a free key-value pair.</summary>
    public void AddMetadata(string key, string value) =>
        _metadata.Message(ModelFields.Metadata, MetadataEntry(key, value));

    public byte[] ToArray()
    {
        ProtoWriter graph = new();
        graph.Append(_nodes);
        graph.Text(GraphFields.Name, _graphName);
        graph.Append(_initializers);
        graph.Append(_values);

        ProtoWriter opset = new();
        opset.Text(1, "");
        opset.Int(2, _opset);

        ProtoWriter model = new();
        model.Int(ModelFields.IrVersion, _irVersion);
        model.Text(ModelFields.ProducerName, Producer);
        model.Message(ModelFields.Graph, graph);
        model.Message(ModelFields.OpsetImport, opset);
        model.Append(_metadata);
        return model.ToArray();
    }

    internal static ProtoWriter MetadataEntry(string key, string value)
    {
        ProtoWriter entry = new();
        entry.Text(1, key);
        entry.Text(2, value);
        return entry;
    }

    internal static ProtoWriter Node(
        string opType,
        string name,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        params OnnxAttribute[] attributes)
    {
        ProtoWriter node = new();
        foreach (string input in inputs)
        {
            node.Text(NodeFields.Input, input);
        }

        foreach (string output in outputs)
        {
            node.Text(NodeFields.Output, output);
        }

        node.Text(NodeFields.Name, name);
        node.Text(NodeFields.OpType, opType);
        foreach (OnnxAttribute attribute in attributes)
        {
            node.Message(NodeFields.Attribute, Attribute(attribute));
        }

        return node;
    }

    /// <summary>A graph's field that stores a tensor, with its values in raw_data.</summary>
    internal static byte[] Initializer(OnnxTensor tensor, string name)
    {
        ProtoWriter field = new();
        field.Message(GraphFields.Initializer, Tensor(tensor, name));
        return field.ToArray();
    }

    /// <summary>A TensorProto with its values in raw_data.</summary>
    internal static ProtoWriter Tensor(OnnxTensor tensor, string name)
    {
        ProtoWriter message = TensorHead(tensor, name);
        message.Bytes(TensorFields.RawData, tensor.ToRaw());
        return message;
    }

    /// <summary>A TensorProto without values: sizes, type, name.</summary>
    internal static ProtoWriter TensorHead(OnnxTensor tensor, string name)
    {
        ProtoWriter message = new();
        foreach (long dim in tensor.Dims)
        {
            message.Int(TensorFields.Dims, dim);
        }

        message.Int(TensorFields.DataType, (long)tensor.DataType);
        message.Text(TensorFields.Name, name);
        return message;
    }

    private static ProtoWriter Attribute(OnnxAttribute attribute)
    {
        ProtoWriter message = new();
        message.Text(AttributeFields.Name, attribute.Name);
        switch (attribute.Kind)
        {
            case OnnxAttributeKind.Float:
                message.Float(AttributeFields.F, attribute.FloatValue);
                break;
            case OnnxAttributeKind.Int:
                message.Int(AttributeFields.I, attribute.IntValue);
                break;
            case OnnxAttributeKind.String:
                message.Bytes(AttributeFields.S, attribute.StringValue);
                break;
            case OnnxAttributeKind.Tensor:
                OnnxTensor tensor = attribute.TensorValue!;
                message.Message(AttributeFields.T, Tensor(tensor, tensor.Name));
                break;
            default:
                foreach (float value in attribute.FloatValues)
                {
                    message.Float(AttributeFields.Floats, value);
                }

                foreach (long value in attribute.IntValues)
                {
                    message.Int(AttributeFields.Ints, value);
                }

                break;
        }

        message.Int(AttributeFields.Type, (long)attribute.Kind);
        return message;
    }

    private static ProtoWriter Value(OnnxValueInfo value)
    {
        ProtoWriter tensor = new();
        tensor.Int(1, (long)value.ElementType);
        if (value.Shape is not null)
        {
            ProtoWriter shape = new();
            foreach (OnnxDimension size in value.Shape)
            {
                ProtoWriter dimension = new();
                if (size.Value is long fixedSize)
                {
                    dimension.Int(1, fixedSize);
                }
                else if (size.Symbol is string symbol)
                {
                    dimension.Text(2, symbol);
                }

                shape.Message(1, dimension);
            }

            tensor.Message(2, shape);
        }

        ProtoWriter type = new();
        type.Message(1, tensor);
        ProtoWriter info = new();
        info.Text(1, value.Name);
        info.Message(2, type);
        return info;
    }
}
