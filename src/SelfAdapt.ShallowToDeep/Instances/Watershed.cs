using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.ShallowToDeep.Instances;

/// <summary>
/// Instances of a foreground map: pixels above a threshold, parted by a watershed on their distance to the outside.
/// Basins that meet at a pass less than a depth below the lower of their two peaks are one object.
/// </summary>
internal static class Watershed
{
    /// <param name="probability">[height, width].</param>
    public static Files.LabelImage Cut(float[] probability, int height, int width, InstanceOptions options)
    {
        Settings.Check(options);
        bool[] inside = Array.ConvertAll(probability, p => p > options.Threshold);
        Files.LabelImage labels;
        if (options.Depth > 0)
        {
            float[] distance = DistanceTransform.Compute(inside, height, width);
            labels = new(height, width, Basins.Flood(distance, inside, width, (float)options.Depth));
        }
        else
        {
            labels = MaskCleanup.Components(Array.ConvertAll(inside, i => i ? 1 : 0), height, width);
        }

        return MaskCleanup.FillHolesAndRemoveSmall(labels, options.MinSize);
    }
}
