using System;
using System.Collections.Generic;
using System.Linq;
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
    private readonly List<Operation> _operations = [.. network.Nodes.Select(Operation)];
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
        ConvolutionNode n => new ConvolutionOperation(n),
        BatchNormalizationNode n => new BatchNormOperation(n),
        ReluNode n => new ReluOperation(n),
        AddNode { PerChannel: true } n => new AddPerChannelOperation(n),
        AddNode n => new AddOperation(n),
        MaxPoolNode n => new MaxPoolOperation(n),
        UpsampleNode n => new UpsampleOperation(n),
        ConcatNode n => new ConcatOperation(n),
        GlobalAveragePoolNode n => new GlobalAveragePoolOperation(n),
        L2NormalizeNode n => new L2NormalizeOperation(n),
        LinearNode n => new LinearOperation(n),
        _ => throw new NotSupportedException($"{node.GetType().Name} has no operation."),
    };

    private bool Join(int index) => _operations[index] switch
    {
        ReluOperation relu => JoinFront<BatchNormOperation>(
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
