using System;
using SelfAdapt.Compute;

namespace SelfAdapt.Autodiff.Operations;

/// <summary>Conv: 1x1 or 3x3, stride 1, size kept.</summary>
internal sealed class ConvolutionOperation(
    int input, int output, int inputs, int outputs, int kernel, NetworkTensor weight, NetworkTensor? bias)
    : Operation($"Conv {kernel}x{kernel}", [input], output)
{
    /// <summary>Kernel height and width.</summary>
    public int Kernel { get; } = kernel;

    public override bool BackwardReadsInputs => true;

    public override IDisposable CreateState(Backend backend) =>
        new Prepared(backend.CreateConvolution(inputs, outputs, Kernel));

    public override void Forward(in OperationRun run)
    {
        Prepared prepared = run.State<Prepared>();
        if (prepared.Version != run.WeightsVersion)
        {
            VectorSlice? b = bias is null ? null : run.Parameter(bias);
            prepared.Convolution.LoadWeights(run.Parameter(weight), b, run.Training);
            prepared.Version = run.WeightsVersion;
        }

        prepared.Convolution.Forward(run.Input(0), run.Output);
    }

    public override void Backward(in OperationRun run)
    {
        Convolution convolution = run.State<Prepared>().Convolution;
        convolution.BackwardWeights(
            run.Input(0), run.OutputGradient, run.ParameterGradient(weight),
            bias is null ? null : run.ParameterGradient(bias));
        if (run.InputGradient(0) is { } dx)
        {
            convolution.BackwardData(run.OutputGradient, dx, run.Accumulates(0));
        }
    }

    private sealed class Prepared(Convolution convolution) : IDisposable
    {
        public Convolution Convolution => convolution;

        public int Version { get; set; } = -1;

        public void Dispose() => convolution.Dispose();
    }
}
