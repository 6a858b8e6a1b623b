using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>
/// ConvTranspose 2x2, stride 2, as what it is: the gradient of a 1x1 convolution, whose gradient in turn is that convolution.
/// </summary>
internal sealed class TransposedConvolutionOperation(TransposedConvolutionNode node) : Operation("ConvTranspose 2x2", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override IDisposable CreateState(NetworkWeights weights) =>
        new State(weights.Backend, weights.Convolution(node.Adjoint), node.Adjoint.InputChannels);

    public override void Forward(in OperationRun run)
    {
        State state = run.State<State>();
        DeviceTensor x = run.Input(0);
        DeviceTensor windows = state.Windows(x.Shape);
        state.Convolution.BackwardData(x, windows, false);
        run.Operators.DepthToSpace(windows, node.Bias is null ? null : run.Parameter(node.Bias), run.Output);
    }

    public override void Backward(in OperationRun run)
    {
        State state = run.State<State>();
        DeviceTensor x = run.Input(0);
        DeviceTensor dWindows = state.Windows(x.Shape);
        run.Operators.DepthToSpaceBackward(run.OutputGradient, dWindows, false);
        Convolution convolution = state.Convolution;
        convolution.BackwardWeights(new NormalizedTensor(dWindows), x, run.ParameterGradient(node.Weight), null);
        if (node.Bias is not null)
        {
            run.Operators.SumPerChannel(run.OutputGradient, run.ParameterGradient(node.Bias));
        }

        if (run.InputGradient(0) is { } dx)
        {
            convolution.Forward(new NormalizedTensor(dWindows), new ConvolutionTerms(run.Accumulates(0) ? dx : null, null), dx);
        }
    }

    /// <summary>The shared convolution, and room for the values of all windows, or their gradients.</summary>
    private sealed class State(Backend backend, PreparedConvolution convolution, int channels) : IDisposable
    {
        private DeviceTensor? _windows;

        /// <summary>With weights for its backward pass, which forward is here.</summary>
        public Convolution Convolution => convolution.Current(forBackward: true);

        public DeviceTensor Windows(TensorShape input) => _windows ??= backend.CreateTensor(input with { C = channels });

        public void Dispose() => _windows?.Dispose();
    }
}
