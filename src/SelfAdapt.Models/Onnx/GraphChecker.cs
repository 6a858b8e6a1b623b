namespace SelfAdapt.Models.Onnx;

/// <summary>
/// Checks what the rest relies on: unique names, single assignment, topological order, nothing dangling.
/// </summary>
internal static class GraphChecker
{
    public static void Check(OnnxModel model)
    {
        HashSet<string> known = [];
        foreach (OnnxTensor tensor in model.Graph.Initializers)
        {
            if (tensor.Name.Length == 0 || !known.Add(tensor.Name))
            {
                string what = tensor.Name.Length == 0 ? "has no name" : $"'{tensor.Name}' occurs twice";
                throw model.Source.Malformed($"an initialiser {what}");
            }
        }

        foreach (OnnxValueInfo input in model.Graph.Inputs)
        {
            if (!known.Add(input.Name))
            {
                throw model.Source.Malformed($"graph input '{input.Name}' occurs twice");
            }
        }

        CheckNodes(model, known);
        HashSet<string> outputs = [];
        foreach (OnnxValueInfo output in model.Graph.Outputs)
        {
            if (!known.Contains(output.Name) || !outputs.Add(output.Name))
            {
                string why = known.Contains(output.Name) ? "occurs twice" : "is made by no node";
                throw model.Source.Malformed($"graph output '{output.Name}' {why}");
            }
        }
    }

    private static void CheckNodes(OnnxModel model, HashSet<string> known)
    {
        foreach (OnnxNode node in model.Graph.Nodes)
        {
            foreach (string input in node.Inputs)
            {
                if (input.Length > 0 && !known.Contains(input))
                {
                    throw Unknown(model, node, input);
                }
            }

            foreach (string output in node.Outputs)
            {
                if (output.Length > 0 && !known.Add(output))
                {
                    throw model.Source.Malformed(
                        $"node {node.Label}: its output '{output}' is assigned a second time");
                }
            }
        }
    }

    private static SelfAdaptException Unknown(OnnxModel model, OnnxNode node, string input)
    {
        foreach (OnnxNode other in model.Graph.Nodes)
        {
            foreach (string output in other.Outputs)
            {
                if (output == input)
                {
                    return model.Source.Malformed(
                        $"node {node.Label}: its input '{input}' is made later; nodes are out of order");
                }
            }
        }

        return model.Source.Malformed($"node {node.Label}: nothing makes its input '{input}'");
    }
}
