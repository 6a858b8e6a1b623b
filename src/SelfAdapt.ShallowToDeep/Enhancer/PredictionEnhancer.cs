using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>Runs an enhancer on forests' maps.</summary>
internal static class PredictionEnhancer
{
    /// <summary>Refuses a model that takes something else than one of these maps.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: other channels in or out, or other features.</exception>
    public static void Require(OnnxModel model, Network network, FeatureSet features)
    {
        if (network.InputChannels != 1 || network.Outputs.Channels != 1)
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Origin,
                $"this is no enhancer: it takes {network.InputChannels} channels and gives {network.Outputs.Channels}, "
                + "where a forest's map goes in and one comes out.");
        }

        if (model.Metadata.TryGetValue(EnhancerTrainer.FeaturesKey, out string? known) && known != features.ToString())
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Origin,
                "this enhancer was trained on maps of forests with other features: take a forest of its features, or "
                + "train another enhancer.");
        }
    }

    /// <summary>The repaired map, [height, width].</summary>
    public static float[] Enhance(ISegmentationNetwork network, float[] map, int height, int width, int threads)
    {
        SegmentationOptions asTheyAre = new()
        {
            Normalization = IntensityNormalization.None,
            Diameter = 0,
            Threads = threads,
        };
        Image outputs = new Segmenter(network, asTheyAre).Predict(new Image(1, height, width, map), "the forest's map").Outputs;
        return Array.ConvertAll(outputs.Pixels, logit => (float)(1 / (1 + Math.Exp(-(double)logit))));
    }
}
