namespace SelfAdapt.Models.Onnx;

/// <summary>The network: nodes in topological order, constants, inputs and outputs.</summary>
internal sealed class OnnxGraph
{
    private readonly Dictionary<string, OnnxTensor> _byName = [];

    internal OnnxGraph(
        string name,
        IReadOnlyList<OnnxNode> nodes,
        IReadOnlyList<OnnxTensor> initializers,
        IReadOnlyList<OnnxValueInfo> inputs,
        IReadOnlyList<OnnxValueInfo> outputs)
    {
        (Name, Nodes, Initializers, Inputs, Outputs) = (name, nodes, initializers, inputs, outputs);
        foreach (OnnxTensor tensor in initializers)
        {
            _byName.TryAdd(tensor.Name, tensor);
        }
    }

    public string Name { get; }

    /// <summary>The nodes in file order, which is a topological order.</summary>
    public IReadOnlyList<OnnxNode> Nodes { get; }

    /// <summary>The constants stored with the graph, in file order.</summary>
    public IReadOnlyList<OnnxTensor> Initializers { get; }

    /// <summary>The inputs that must be fed: those that are not initialisers.</summary>
    public IReadOnlyList<OnnxValueInfo> Inputs { get; }

    public IReadOnlyList<OnnxValueInfo> Outputs { get; }

    public OnnxTensor? FindInitializer(string name) => _byName.GetValueOrDefault(name);
}
