using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>
/// Group normalisation: of a sample's channels, each group of neighbours is normalised by its own mean and variance.
/// Read as the operator of newer operator sets, or as torch exports it: Reshape to [N, groups, values],
/// InstanceNormalization with scale 1 and bias 0, Reshape back, Mul and Add of weights [channels, 1, 1]. Alone,
/// InstanceNormalization has a group for each channel.
/// </summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes.</param>
/// <param name="scale">[channels], or [channels, 1, 1].</param>
/// <param name="bias">The same.</param>
/// <param name="groups">How many; they divide the channels.</param>
/// <param name="epsilon">What is added to the variance.</param>
internal sealed class GroupNormalizationNode(
    string name, int input, int output, NetworkTensor scale, NetworkTensor bias, int groups, float epsilon)
    : NetworkNode(name, [input], output)
{
    // GroupNormalization of operator set 18 had a scale per group; since 21 it has one per channel.
    private const long PerChannelOpset = 21;

    public NetworkTensor Scale => scale;

    public NetworkTensor Bias => bias;

    public int Groups => groups;

    public float Epsilon => epsilon;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        bool each = node.OpType == "InstanceNormalization";
        if (!each && reader.Opset < PerChannelOpset)
        {
            throw reader.Refuse(node, "only group normalisation with a scale per channel can be trained.");
        }

        Activation x = reader.Map(node, 0);
        int groups = RequireGroups(reader, node, x, each ? x.Channels : node.GetInt("num_groups", 0));
        float epsilon = node.GetFloat("epsilon", 1e-5f);
        NetworkTensor scale = reader.AddWeight(node, 1, [x.Channels], TensorRole.NormScale);
        NetworkTensor bias = reader.AddWeight(node, 2, [x.Channels], TensorRole.NormBias);
        return reader.Emit(x.Value, x.Dims, y => new GroupNormalizationNode(
            node.Name, x.Id, y, scale, bias, groups, epsilon));
    }

    /// <summary>Reads a node that is a part of torch's form.</summary>
    /// <returns>Null where it is none.</returns>
    public static ReadValue? ReadPart(NetworkReader reader, OnnxNode node) => (node.OpType, reader.Find(node, 0)) switch
    {
        ("Reshape", Activation { IsPooled: false, Dims.Length: 4 } x)
            when reader.Constant(node, 1)?.Integers is [long n, long groups, _] to
                && (n == 0 || n == x.Dims[0])
                && (to[2] == -1 || n * groups * to[2] == x.Dims.Aggregate((a, b) => a * b)) =>
            new Step(x, RequireGroups(reader, node, x, groups), Stage.Grouped, 0, null),
        ("InstanceNormalization", Step { Stage: Stage.Grouped } s) when Is(reader, node, 1, 1) && Is(reader, node, 2, 0) =>
            s with { Stage = Stage.Normalized, Epsilon = node.GetFloat("epsilon", 1e-5f) },
        ("Reshape", Step { Stage: Stage.Normalized } s)
            when reader.Constant(node, 1)?.Integers is { Length: 4 } to
                && to.Zip(s.Of.Dims).All(p => p.First == p.Second || p.First is 0 or -1) =>
            s with { Stage = Stage.Restored },
        ("Mul", Step { Stage: Stage.Restored } s) => s with { Stage = Stage.Scaled, Mul = node },
        ("Add", Step { Stage: Stage.Scaled } s) => Finish(reader, node, s),
        (_, Step) => throw reader.Refuse(node, $"{node.OpType} is not known as this part of a group normalisation."),
        _ => null,
    };

    public override void Write(NetworkWriter writer)
    {
        if (groups == scale.Length)
        {
            writer.Emit(
                "InstanceNormalization", this,
                [writer.Narrow(Inputs[0]), writer.Store(scale, [scale.Length]), writer.Store(bias, [bias.Length])],
                OnnxAttribute.Float("epsilon", epsilon));
            return;
        }

        // As torch exports it: older consumers have no GroupNormalization, or another one.
        string x = writer.Narrow(Inputs[0]);
        string ones = writer.Store("group_scale", [.. Enumerable.Repeat(1f, groups)], [groups]);
        string zeros = writer.Store("group_bias", new float[groups], [groups]);
        string shape = writer.EmitHelper("Shape", this, "shape", [x]);
        string grouped = writer.EmitHelper(
            "Reshape", this, "grouped", [x, writer.StoreIntegers("groups", 0, groups, -1)]);
        string normalized = writer.EmitHelper(
            "InstanceNormalization", this, "normalized", [grouped, ones, zeros], OnnxAttribute.Float("epsilon", epsilon));
        string restored = writer.EmitHelper("Reshape", this, "restored", [normalized, shape]);
        string scaled = writer.EmitHelper(
            "Mul", this, "scaled", [restored, writer.Store(scale, [scale.Length, 1, 1])]);
        writer.Emit("Add", this, [scaled, writer.Store(bias, [bias.Length, 1, 1])]);
    }

    private static Activation Finish(NetworkReader reader, OnnxNode add, Step step)
    {
        Activation x = step.Of;
        long[] perChannel = [x.Channels, 1, 1];
        NetworkTensor scale = reader.AddWeight(step.Mul!, 1, perChannel, TensorRole.NormScale, x.Level);
        NetworkTensor bias = reader.AddWeight(add, 1, perChannel, TensorRole.NormBias, x.Level);
        return reader.Emit(x.Value, x.Dims, y => new GroupNormalizationNode(
            add.Name, x.Id, y, scale, bias, step.Groups, step.Epsilon));
    }

    private static int RequireGroups(NetworkReader reader, OnnxNode node, Activation x, long groups) =>
        groups >= 1 && x.Channels % groups == 0
            ? (int)groups
            : throw reader.Refuse(node, $"{groups} groups do not divide {x.Channels} channels.");

    private static bool Is(NetworkReader reader, OnnxNode node, int input, double value) =>
        reader.Constant(node, input)?.Values is { Length: > 0 } values && values.All(v => v == value);

    /// <summary>A part of torch's form, done up to a stage.</summary>
    private sealed record Step(Activation Of, int Groups, Stage Stage, float Epsilon, OnnxNode? Mul) : ReadValue;

    private enum Stage
    {
        Grouped,
        Normalized,
        Restored,
        Scaled,
    }
}
