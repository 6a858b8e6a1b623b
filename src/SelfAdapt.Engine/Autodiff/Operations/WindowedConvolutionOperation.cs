using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>
/// Conv of any window and groups by what every backend has: each group's channels for themselves, and what a window sees as
/// channels, of which the convolution is one of 1x1 with the very same weights.
/// </summary>
internal sealed class WindowedConvolutionOperation(ConvolutionNode node)
    : Operation($"Conv {node.Window}" + (node.Groups == 1 ? "" : $", {node.Groups} groups"), node)
{
    private int GroupInputs => node.InputChannels / node.Groups;

    private int GroupOutputs => node.OutputChannels / node.Groups;

    private bool Unfolds => !node.Window.IsPlain;

    public override bool BackwardReadsInput(int input) => true;

    /// <summary>A group's inputs and outputs where there are several, and the unfolded inputs.</summary>
    public override IReadOnlyList<TensorShape> Scratch(TensorShape input, TensorShape output)
    {
        List<TensorShape> shapes = node.Groups == 1 ? [] : [input with { C = GroupInputs }, output with { C = GroupOutputs }];
        return Unfolds ? [.. shapes, output with { C = GroupInputs * node.Window.Taps }] : shapes;
    }

    public override void Forward(in OperationRun run)
    {
        for (int g = 0; g < node.Groups; g++)
        {
            DeviceTensor y = node.Groups == 1 ? run.Output : run.Scratch(1);
            run.Convolution(node.Parts[g]).Forward(new NormalizedTensor(Seen(run, g)), default, y);
            if (node.Groups > 1)
            {
                run.Operators.CopyToChannels(y, run.Output, g * GroupOutputs, false);
            }
        }
    }

    public override void Backward(in OperationRun run)
    {
        for (int g = 0; g < node.Groups; g++)
        {
            DeviceTensor dy = run.OutputGradient;
            if (node.Groups > 1)
            {
                dy = run.Scratch(1);
                run.Operators.CopyFromChannels(run.OutputGradient, g * GroupOutputs, dy, false);
            }

            Convolution convolution = run.Convolution(node.Parts[g]);
            DeviceTensor seen = Seen(run, g);
            convolution.BackwardWeights(
                new NormalizedTensor(seen), dy, run.ParameterGradient(node.Parts[g].Weight),
                node.Parts[g].Bias is { } bias ? run.ParameterGradient(bias) : null);
            if (run.InputGradient(0) is { } dx)
            {
                BackwardData(run, convolution, dy, g, seen, dx);
            }
        }
    }

    private void BackwardData(
        in OperationRun run, Convolution convolution, DeviceTensor dy, int group, DeviceTensor seen, DeviceTensor dx)
    {
        bool whole = node.Groups == 1;
        DeviceTensor own = whole ? dx : run.Scratch(0);
        bool accumulate = whole && run.Accumulates(0);
        if (Unfolds)
        {
            // The weights' gradient has been taken: what was seen makes room for its gradient.
            convolution.BackwardData(dy, seen, false);
            run.Operators.Fold(seen, null, own, node.Window, accumulate);
        }
        else
        {
            convolution.BackwardData(dy, own, accumulate);
        }

        if (!whole)
        {
            run.Operators.CopyToChannels(own, dx, group * GroupInputs, run.Accumulates(0));
        }
    }

    /// <summary>What a group's convolution reads.</summary>
    private DeviceTensor Seen(in OperationRun run, int group)
    {
        DeviceTensor x = run.Input(0);
        if (node.Groups > 1)
        {
            x = run.Scratch(0);
            run.Operators.CopyFromChannels(run.Input(0), group * GroupInputs, x, false);
        }

        if (!Unfolds)
        {
            return x;
        }

        DeviceTensor seen = run.Scratch(node.Groups == 1 ? 0 : 2);
        run.Operators.Unfold(x, seen, node.Window);
        return seen;
    }
}
