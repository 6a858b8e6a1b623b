namespace SelfAdapt.Models.Onnx;

/// <summary>Reads ModelProto and GraphProto.</summary>
internal sealed class ModelParser
{
    private const int MetadataLimit = 1 << 24;

    private readonly ModelSource _source;
    private readonly Dictionary<string, long> _opsets = [];
    private readonly Dictionary<string, string> _metadata = [];
    private readonly Dictionary<string, ByteRange> _metadataRecords = [];

    public ModelParser(ModelSource source) => _source = source;

    public OnnxModel Parse()
    {
        ProtoReader reader = new(_source, new ByteRange(0, _source.Bytes.Length), "the model");
        long irVersion = 0;
        string producer = "";
        string producerVersion = "";
        OnnxGraph? graph = null;
        ByteRange graphRecord = default;
        int graphPayload = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ModelFields.IrVersion:
                    irVersion = reader.Int();
                    break;
                case ModelFields.ProducerName:
                    producer = reader.Text();
                    break;
                case ModelFields.ProducerVersion:
                    producerVersion = reader.Text();
                    break;
                case ModelFields.Graph when graph is not null:
                    throw reader.Error("it holds two graphs");
                case ModelFields.Graph:
                    ProtoReader message = reader.Message("the graph");
                    graphRecord = reader.Record;
                    graphPayload = message.Position;
                    graph = ReadGraph(message);
                    break;
                case ModelFields.OpsetImport:
                    ReadOpset(reader.Message("an opset import"));
                    break;
                case ModelFields.Metadata:
                    ProtoReader entry = reader.Message("a metadata entry");
                    ReadMetadata(entry, reader.Record);
                    break;
                case ModelFields.Functions:
                    throw _source.Unsupported(
                        "the model defines functions of its own, which are not read.",
                        "Inline them: in Python, onnx.inliner.inline_local_functions(model).");
                default:
                    reader.Skip();
                    break;
            }
        }

        if (graph is null || irVersion < 1 || !_opsets.ContainsKey(""))
        {
            string what = graph is null ? "graph" : irVersion < 1 ? "IR version" : "opset import of ai.onnx";
            throw _source.Malformed($"the model: it holds no {what}");
        }

        _source.External.RequireApart(_source);
        return new OnnxModel(_source, graph, new ModelLayout(graphRecord, graphPayload, _metadataRecords))
        {
            IrVersion = irVersion,
            Opsets = _opsets,
            ProducerName = producer,
            ProducerVersion = producerVersion,
            Metadata = _metadata,
        };
    }

    private void ReadOpset(ProtoReader reader)
    {
        string domain = "";
        long version = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    domain = NodeParser.NormalDomain(reader.Text());
                    break;
                case 2:
                    version = reader.Int();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (!_opsets.TryAdd(domain, version))
        {
            throw reader.Error($"the domain '{domain}' is imported twice");
        }
    }

    private void ReadMetadata(ProtoReader reader, ByteRange record)
    {
        (string key, string value) = reader.Entry(MetadataLimit);
        if (!_metadata.TryAdd(key, value))
        {
            throw reader.Error($"the metadata key '{key}' occurs twice");
        }

        _metadataRecords.Add(key, record);
    }

    private OnnxGraph ReadGraph(ProtoReader reader)
    {
        string name = "";
        List<OnnxNode> nodes = [];
        List<OnnxTensor> initializers = [];
        List<OnnxValueInfo> inputs = [];
        List<OnnxValueInfo> outputs = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case GraphFields.Node:
                    ProtoReader node = reader.Message($"node {nodes.Count}");
                    nodes.Add(NodeParser.Read(_source, node, reader.Record));
                    break;
                case GraphFields.Name:
                    name = reader.Text();
                    break;
                case GraphFields.Initializer:
                    ProtoReader tensor = reader.Message($"initialiser {initializers.Count}");
                    initializers.Add(TensorParser.Read(_source, tensor, reader.Record));
                    break;
                case GraphFields.Input:
                    ProtoReader input = reader.Message($"graph input {inputs.Count}");
                    inputs.Add(ValueInfoParser.Read(_source, input));
                    break;
                case GraphFields.Output:
                    ProtoReader output = reader.Message($"graph output {outputs.Count}");
                    outputs.Add(ValueInfoParser.Read(_source, output));
                    break;
                case GraphFields.SparseInitializer:
                    throw _source.NotRead(
                        "the graph holds sparse tensors, which are not read.",
                        "Export the model again with dense weights in one file.");
                default:
                    reader.Skip();
                    break;
            }
        }

        HashSet<string> constants = [.. initializers.Select(t => t.Name)];
        inputs.RemoveAll(i => constants.Contains(i.Name));
        return new OnnxGraph(name, nodes, initializers, inputs, outputs);
    }
}

internal static class ModelFields
{
    public const int IrVersion = 1;
    public const int ProducerName = 2;
    public const int ProducerVersion = 3;
    public const int Graph = 7;
    public const int OpsetImport = 8;
    public const int Metadata = 14;
    public const int Functions = 25;
}

internal static class GraphFields
{
    public const int Node = 1;
    public const int Name = 2;
    public const int Initializer = 5;
    public const int Input = 11;
    public const int Output = 12;
    public const int SparseInitializer = 15;
}
