using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Autodiff.Operations;

namespace SelfAdapt.Autodiff;

/// <summary>
/// Joins neighbours that a backend runs in one pass over memory: ReLU into the normalisation before it, the
/// normalisation into the convolution behind it, sums into the convolution before them. What is joined away is read
/// by nothing else, so the network computes the same.
/// </summary>
internal sealed class OperationFusion
{
    private readonly List<Operation> _operations;
    private readonly IReadOnlySet<int> _kept;

    private OperationFusion(List<Operation> operations, IReadOnlySet<int> kept) =>
        (_operations, _kept) = (operations, kept);

    /// <summary>Joins what can be joined, in place.</summary>
    /// <param name="operations">In execution order.</param>
    /// <param name="kept">Activations that must stay: outputs of the network.</param>
    public static void Run(List<Operation> operations, IReadOnlySet<int> kept)
    {
        OperationFusion fusion = new(operations, kept);
        for (int i = 0; i < operations.Count; i++)
        {
            // An operation that takes in one before it moves up a place.
            while (i >= 0 && fusion.Join(i))
            {
                i--;
            }
        }
    }

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
