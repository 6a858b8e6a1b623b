using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>
/// A Probabilistic U-Net as a foreground network: the logit of the mean probability of samples and, as a second channel, the share
/// of samples that are confident of a pixel.
/// </summary>
/// <param name="weights">The weights, which stay the caller's.</param>
/// <param name="confidence">A sample is confident where its probability is at least this, or at most 1 less this.</param>
internal sealed class SampledNetwork(
    ProbabilisticNetwork network, NetworkWeights weights, Backend backend, int samples, double confidence)
    : ISegmentationNetwork
{
    private readonly float[][] _noise = SampleNoise.Fixed(samples, network.Shape.Latent);
    private LatentSampler? _sampler;

    public int InputChannels => 1;

    public OutputDescription Outputs { get; } =
        new([new(OutputKind.Logit, 0, "foreground"), new(OutputKind.Regression, 1, "consensus")]);

    public int EmbeddingLength => 0;

    public void Run(
        ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding)
    {
        if (_sampler is not { } sampler || (sampler.Batch, sampler.Height, sampler.Width) != (batch, height, width))
        {
            _sampler?.Dispose();
            _sampler = sampler = new(network, weights, backend, batch, height, width);
        }

        sampler.Look(input);
        Opinion opinion = Opinion.Of(
            _noise.Select(noise => sampler.Sample([.. Enumerable.Repeat(noise, batch).SelectMany(n => n)])), confidence);
        int plane = height * width;
        for (int i = 0; i < opinion.Labels.Length; i++)
        {
            int at = (i / plane * 2 * plane) + (i % plane);
            output[at] = Opinion.Logit(opinion.Labels[i]);
            output[at + plane] = (float)opinion.Confident[i] / opinion.Samples;
        }
    }

    public void Dispose() => _sampler?.Dispose();
}
