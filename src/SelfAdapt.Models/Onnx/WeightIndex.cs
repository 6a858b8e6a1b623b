namespace SelfAdapt.Models.Onnx;

/// <summary>
/// A weight: its tensor, and the node through which it is reached if it is not an initialiser itself.
/// </summary>
/// <param name="Tensor">Where the values are.</param>
/// <param name="Node">A Constant or Identity node, or null.</param>
internal readonly record struct Weight(OnnxTensor Tensor, OnnxNode? Node)
{
    /// <summary>True for a copy of an initialiser under another name.</summary>
    public bool IsAlias => Node?.OpType == "Identity";
}

/// <summary>Finds weights by name and knows which names share one tensor.</summary>
internal sealed class WeightIndex
{
    private readonly OnnxGraph _graph;
    private readonly Dictionary<string, OnnxNode> _makers = [];
    private readonly ILookup<string, OnnxNode> _aliases;

    public WeightIndex(OnnxGraph graph)
    {
        _graph = graph;
        List<OnnxNode> aliases = [];
        foreach (OnnxNode node in graph.Nodes)
        {
            if (node.Domain.Length > 0 || node.Outputs.Count != 1 || node.Outputs[0].Length == 0)
            {
                continue;
            }

            bool alias = node.OpType == "Identity" && node.Inputs.Count == 1
                && graph.FindInitializer(node.Inputs[0]) is not null;
            if (alias)
            {
                aliases.Add(node);
            }

            if (alias || node.OpType == "Constant")
            {
                _makers[node.Outputs[0]] = node;
            }
        }

        _aliases = aliases.ToLookup(n => n.Inputs[0]);
    }

    /// <summary>The Identity nodes that pass on an initialiser.</summary>
    public IEnumerable<OnnxNode> AliasesOf(string initializer) => _aliases[initializer];

    public Weight? Find(string name)
    {
        if (_graph.FindInitializer(name) is { } tensor)
        {
            return new Weight(tensor, null);
        }

        if (!_makers.TryGetValue(name, out OnnxNode? node))
        {
            return null;
        }

        OnnxTensor? value = node.OpType == "Identity"
            ? _graph.FindInitializer(node.Inputs[0])
            : node.Has("value") ? node.GetTensor("value") : null;
        return value is null ? null : new Weight(value, node);
    }
}
