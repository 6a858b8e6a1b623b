using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>The logit is how far a pixel is above the threshold.</summary>
internal sealed class ThresholdNetwork(float threshold) : ISegmentationNetwork
{
    public int InputChannels => 1;

    public OutputDescription Outputs => OutputDescription.Foreground;

    public int EmbeddingLength => 1;

    public void Run(
        ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding)
    {
        embedding.Fill(1);
        for (int i = 0; i < input.Length; i++)
        {
            output[i] = input[i] - threshold;
        }
    }

    public void Dispose()
    {
    }
}
