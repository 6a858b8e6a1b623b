using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Autodiff;

/// <summary>
/// A network that can be run without some of the channels of its bottleneck (spatial dropout, in evaluation only): which
/// ones, stays until others are drawn, whatever images and tiles it runs on.
/// </summary>
internal sealed class DropoutNetwork : ISegmentationNetwork
{
    private readonly NetworkTensor _factors;
    private readonly NetworkWeights _weights;
    private readonly EngineNetwork _network;

    /// <summary>Nothing is dropped at first.</summary>
    /// <param name="backend">Where it runs; it stays the caller's.</param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: the network has no bottleneck.</exception>
    public DropoutNetwork(Network network, Backend backend)
    {
        _weights = new NetworkWeights(Bottleneck.WithFactors(network, out _factors), backend);
        _network = new EngineNetwork(_weights, backend);
    }

    public int InputChannels => _network.InputChannels;

    public OutputDescription Outputs => _network.Outputs;

    public double Gamma => _network.Gamma;

    public int EmbeddingLength => _network.EmbeddingLength;

    /// <summary>Drops each channel with a probability, and raises the others so that their sum is expected to stay.</summary>
    /// <param name="rate">The probability, from 0, below 1; 0: nothing is dropped.</param>
    /// <param name="seed">Which ones; the same seed drops the same ones.</param>
    public void Drop(double rate, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rate);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rate, 1);
        float[] factors = [.. Enumerable.Range(0, _factors.Length).Select(
            c => CounterRandom.Uniform(seed, (ulong)c) < rate ? 0 : (float)(1 / (1 - rate)))];

        // No prepared form of the weights depends on a normalisation's factors, so none goes stale.
        _weights.Parameters.Upload(factors, _factors.Offset);
    }

    public void Run(
        ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding) =>
        _network.Run(input, batch, height, width, output, embedding);

    public void Dispose()
    {
        _network.Dispose();
        _weights.Dispose();
    }
}
