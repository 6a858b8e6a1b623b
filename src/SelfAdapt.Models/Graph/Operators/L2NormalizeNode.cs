using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>
/// Division of pooled features by their Euclidean norm (Cellpose's style vector). Exporters spell the norm in
/// several ways: ReduceL2, or the root of the sum of squares.
/// </summary>
internal sealed class L2NormalizeNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public static ReadValue Read(NetworkReader reader, OnnxNode node) =>
        node.OpType == "Div" ? ReadDivision(reader, node) : ReadStep(reader, node);

    public override void Write(NetworkWriter writer)
    {
        string x = writer.Wide(Inputs[0]);
        string norm = writer.EmitHelper(
            "ReduceL2", this, "norm", [x], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 1));
        writer.Emit("Div", this, [x, norm]);
        writer.KeepWide(Output);
    }

    private static Activation ReadDivision(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Activation(node, 0);
        return reader.Find(node, 1) is NormStep { Stage: NormStage.Norm } norm && norm.Of == x.Id
            ? reader.Emit(x.Value, x.Dims, y => new L2NormalizeNode(node.Name, x.Id, y))
            : throw reader.Refuse(node, "only a division by the features' own L2 norm can be trained.");
    }

    /// <summary>x^2, its sum over channels, and the root of that.</summary>
    private static NormStep ReadStep(NetworkReader reader, OnnxNode node)
    {
        bool overChannels = reader.Axes(node) is [1] && node.GetInt("keepdims", 1) == 1;
        switch (reader.Find(node, 0))
        {
            case Activation { IsPooled: true } x:
                bool squared = node.OpType == "Mul" && node.Inputs[0] == reader.Input(node, 1);
                if (squared || (node.OpType == "Pow" && reader.Constant(node, 1)?.Values is [2]))
                {
                    return new NormStep(x.Id, NormStage.Squares);
                }

                if (node.OpType == "ReduceL2" && overChannels)
                {
                    return new NormStep(x.Id, NormStage.Norm);
                }

                break;
            case NormStep { Stage: NormStage.Squares } s when node.OpType == "ReduceSum" && overChannels:
                return s with { Stage = NormStage.SumOfSquares };
            case NormStep { Stage: NormStage.SumOfSquares } s
                when node.OpType == "Sqrt" || (node.OpType == "Pow" && reader.Constant(node, 1)?.Values is [0.5]):
                return s with { Stage = NormStage.Norm };
        }

        throw reader.Refuse(node, $"{node.OpType} is known only as part of an L2 norm of pooled features.");
    }

    /// <summary>A step on the way to the L2 norm of an activation.</summary>
    private sealed record NormStep(int Of, NormStage Stage) : ReadValue;

    private enum NormStage
    {
        Squares,
        SumOfSquares,
        Norm,
    }
}
