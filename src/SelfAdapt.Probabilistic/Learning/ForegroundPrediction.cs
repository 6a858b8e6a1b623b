using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Probabilistic.Networks;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>What a foreground network says of a whole image.</summary>
/// <param name="Probability">[height, width].</param>
/// <param name="Consensus">The share of samples that are confident of a pixel.</param>
internal sealed record ForegroundPrediction(float[] Probability, float[] Consensus)
{
    /// <param name="network">A learner's predictor: a logit and, where there are samples, their consensus.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput, Numerics: values that are no numbers, in the image or the output.</exception>
    public static ForegroundPrediction Of(
        ISegmentationNetwork network, Image image, string source, IntensityNormalization normalization, double confidence,
        int threads)
    {
        SegmentationOptions options = new() { Normalization = normalization, Diameter = 0, Threads = threads };
        Image outputs = new Segmenter(network, options).Predict(image, source).Outputs;
        Opinion opinion = Opinion.Of([outputs.Plane(0).ToArray()], confidence);
        return new(
            opinion.Labels, outputs.Channels > 1 ? outputs.Plane(1).ToArray() : Array.ConvertAll(opinion.Confident, c => (float)c));
    }

    /// <summary>The image with this as its labels.</summary>
    public TrainingPlane Label(TrainingPlane image, ConsensusFilter filter)
    {
        // Where tiles overlap, shares are means of shares.
        const float All = 1 - 1e-4f;
        return image with
        {
            Labels = Probability,
            Filter = filter switch
            {
                ConsensusFilter.Weighting => Consensus,
                ConsensusFilter.Masking => Array.ConvertAll(Consensus, c => c >= All ? 1f : 0),
                _ => null,
            },
        };
    }
}
