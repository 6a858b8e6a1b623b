using System.Linq;
using SelfAdapt.Autodiff;
using SelfAdapt.Autodiff.Operations;
using SelfAdapt.Compute;

namespace SelfAdapt.Benchmarks;

/// <summary>
/// Floating-point operations of a network: two per multiply-add of its convolutions, nothing else.
/// </summary>
internal static class Work
{
    /// <summary>One image forward.</summary>
    /// <param name="network">The network.</param>
    /// <param name="height">px.</param>
    /// <param name="width">px.</param>
    public static double Forward(Network network, int height, int width) =>
        network.Operations.OfType<ConvolutionOperation>().Sum(o => Of(network, o, height, width));

    private static double Of(Network network, ConvolutionOperation operation, int height, int width)
    {
        TensorShape x = network.Values[operation.Inputs[0]].ShapeFor(1, height, width);
        TensorShape y = network.Values[operation.Output].ShapeFor(1, height, width);
        return 2.0 * x.C * operation.Kernel * operation.Kernel * y.Count;
    }
}
