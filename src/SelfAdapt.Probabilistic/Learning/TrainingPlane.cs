using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>An image as it is trained on: one plane, normalised as a whole.</summary>
/// <param name="Values">[height, width].</param>
/// <param name="Labels">Probabilities of foreground; null where none are known.</param>
/// <param name="Filter">How much each pixel counts; null: all alike.</param>
internal sealed record TrainingPlane(int Height, int Width, float[] Values, float[]? Labels = null, float[]? Filter = null)
{
    /// <summary>The mean of an image's channels, normalised; every label above 0 is foreground.</summary>
    /// <param name="masks">Whose size is the image's; null for none.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: values that are no numbers.</exception>
    public static TrainingPlane From(Image image, LabelImage? masks, IntensityNormalization normalization, string source)
    {
        Image plane = ImagePreparation.SelectChannels(image, default, 1, source);
        ImagePreparation.Normalize(plane, normalization, false, source);
        return new(
            image.Height, image.Width, plane.Pixels, masks is null ? null : Array.ConvertAll(masks.Labels, l => l > 0 ? 1f : 0));
    }
}
