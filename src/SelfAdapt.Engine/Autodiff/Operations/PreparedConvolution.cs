using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>A convolution with one of a network's weights, prepared anew when those have changed.</summary>
internal sealed class PreparedConvolution(NetworkWeights all, ConvolutionNode weights) : IDisposable
{
    private readonly Convolution _convolution =
        all.Backend.CreateConvolution(weights.InputChannels, weights.OutputChannels, weights.Kernel);

    private (int Version, bool ForBackward)? _prepared;

    public Convolution Current(bool forBackward)
    {
        if (_prepared != (all.Version, forBackward))
        {
            _convolution.LoadWeights(Slice(weights.Weight)!.Value, Slice(weights.Bias), forBackward);
            _prepared = (all.Version, forBackward);
        }

        return _convolution;
    }

    public void Dispose() => _convolution.Dispose();

    private VectorSlice? Slice(NetworkTensor? tensor) =>
        tensor is null ? null : all.Parameters.Slice(tensor.Offset, tensor.Length);
}
