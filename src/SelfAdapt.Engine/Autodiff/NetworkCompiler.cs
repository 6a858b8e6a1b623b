using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff;

/// <summary>
/// Turns a network's nodes into operations, and joins neighbours that a backend runs in one pass over memory: ReLU
/// into the normalisation before it, the normalisation into the convolution behind it, sums into the convolution before
/// them. What is joined away is read by nothing else, so the operations compute the same.
/// </summary>
internal sealed class NetworkCompiler(Network network)
{
    private const string Relu = "Relu";

    private readonly List<Operation> _operations = [.. network.TrainedNodes.Select(Operation)];
    private readonly int[] _kept = [network.OutputValue, network.EmbeddingValue];

    public static IReadOnlyList<Operation> Compile(Network network)
    {
        NetworkCompiler compiler = new(network);
        for (int i = 0; i < compiler._operations.Count; i++)
        {
            // An operation that takes in one before it moves up a place.
            while (i >= 0 && compiler.Join(i))
            {
                i--;
            }
        }

        return compiler._operations;
    }

    private static Operation Operation(NetworkNode node) => node switch
    {
        ConvolutionNode { IsDepthwise: true } n => new DepthwiseOperation(n),
        ConvolutionNode { Groups: 1, Window.IsPlain: true } n => new ConvolutionOperation(n),
        ConvolutionNode n => new WindowedConvolutionOperation(n),
        TransposedConvolutionNode n => new TransposedConvolutionOperation(n),
        BatchNormalizationNode n => new BatchNormOperation(n),
        GroupNormalizationNode n => new GroupNormOperation(n),
        ReluNode n => new UnaryOperation(
            Relu, n, (in run) => run.Operators.Relu(run.Input(0), run.Output),
            (in run, dx) => run.Operators.ReluBackward(run.Output, run.OutputGradient, dx, run.Accumulates(0)),
            readsOutput: true),
        ElementNode { Function: var f } n => new UnaryOperation(
            f.Kind.ToString(), n, (in run) => run.Operators.Apply(run.Input(0), run.Output, f),
            (in run, dx) => run.Operators.ApplyBackward(run.Input(0), run.OutputGradient, dx, f, run.Accumulates(0)),
            readsInput: true),
        AddNode { PerChannel: true } n => new AddPerChannelOperation(n),
        AddNode n => new AddOperation(n),
        PReluNode n => new PReluOperation(n),
        ProductNode { PerChannel: true } n => new ProductPerChannelOperation(n),
        ProductNode n => new ProductOperation(n),
        ImageChannelsNode n => new UnaryOperation(
            "Slice", n, (in run) => run.Operators.CopyFromChannels(run.Input(0), n.From, run.Output, false),
            // The image has no gradient.
            (in _, _) => { }, cheap: true),
        AveragePoolNode n => new UnaryOperation(
            "AveragePool 2x2", n, (in run) => run.Operators.AveragePool(run.Input(0), run.Output),
            (in run, dx) => run.Operators.AveragePoolBackward(run.OutputGradient, dx, run.Accumulates(0)), cheap: true),
        MaxPoolNode n => new UnaryOperation(
            $"MaxPool {n.Window}", n, (in run) => run.Operators.MaxPool(run.Input(0), run.Output, n.Window),
            (in run, dx) => run.Operators.MaxPoolBackward(
                run.Input(0), run.OutputGradient, dx, n.Window, run.Accumulates(0)),
            readsInput: true, cheap: true),
        UpsampleNode n => Upsample(
            n, n.Aligned ? UpsampleMode.AlignedLinear : n.Linear ? UpsampleMode.Linear : UpsampleMode.Nearest),
        ConcatNode n => new ConcatOperation(n),
        GlobalAveragePoolNode n => new UnaryOperation(
            "GlobalAveragePool", n, (in run) => run.Operators.GlobalAveragePool(run.Input(0), run.Output),
            (in run, dx) => run.Operators.GlobalAveragePoolBackward(run.OutputGradient, dx, run.Accumulates(0))),
        L2NormalizeNode n => new UnaryOperation(
            "L2 normalise", n, (in run) => run.Operators.L2Normalize(run.Input(0), run.Output),
            (in run, dx) => run.Operators.L2NormalizeBackward(
                run.Input(0), run.Output, run.OutputGradient, dx, run.Accumulates(0)),
            readsInput: true, readsOutput: true),
        LinearNode n => new LinearOperation(n),
        _ => throw new NotSupportedException($"{node.GetType().Name} has no operation."),
    };

    private static UnaryOperation Upsample(UpsampleNode node, UpsampleMode mode) => new(
        $"Resize x2 {(node.Linear ? "linear" : "nearest")}{(node.Aligned ? " aligned" : "")}", node,
        (in run) => run.Operators.Upsample(run.Input(0), run.Output, mode),
        (in run, dx) => run.Operators.UpsampleBackward(run.OutputGradient, dx, mode, run.Accumulates(0)), cheap: true);

    private bool Join(int index) => _operations[index] switch
    {
        UnaryOperation { Kind: Relu } relu => JoinFront<BatchNormOperation>(
            index, relu.Inputs[0], norm => norm.Norm.Relu ? null : norm.WithRelu(relu.Output)),
        ConvolutionOperation convolution => JoinFront<BatchNormOperation>(
            index, convolution.Inputs[0], convolution.WithNorm),
        AddOperation add => add.Inputs[0] != add.Inputs[1]
            && (JoinFront<ConvolutionOperation>(
                index, add.Inputs[1], c => c.WithResidual(add.Inputs[0], add.Output))
            || JoinFront<ConvolutionOperation>(
                index, add.Inputs[0], c => c.WithResidual(add.Inputs[1], add.Output))),
        AddPerChannelOperation add => JoinFront<ConvolutionOperation>(
            index, add.Inputs[0], c => c.WithPerChannel(add.Inputs[1], add.Output)),
        _ => false,
    };

    /// <summary>Puts the union of an operation and the one that makes its input in the later one's place.</summary>
    private bool JoinFront<TFront>(int index, int value, Func<TFront, Operation?> join)
        where TFront : Operation
    {
        int front = _operations.FindIndex(o => o.Output == value);
        if (front < 0 || _operations[front] is not TFront before || _kept.Contains(value)
            || _operations.Sum(o => o.Inputs.Count(i => i == value)) != 1
            || join(before) is not { } joined)
        {
            return false;
        }

        _operations[index] = joined;
        _operations.RemoveAt(front);
        return true;
    }
}
