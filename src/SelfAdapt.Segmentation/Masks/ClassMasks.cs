using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// Masks of classes: connected pieces of inside are seeds, which grow over what is not background, towards the border.
/// </summary>
internal static class ClassMasks
{
    /// <summary>Makes masks, labels 1..n, at the outputs' size.</summary>
    public static LabelImage Make(in MaskInputs from)
    {
        Image outputs = from.Outputs;
        int plane = outputs.Height * outputs.Width;
        int first = from.Part!.Channel;
        bool[] objects = from.Objects();
        float[] heights = new float[plane];
        int[] seeds = new int[plane];
        ReadOnlySpan<float> inside = outputs.Plane(first + 1);
        for (int i = 0; i < plane; i++)
        {
            float other = float.NegativeInfinity;
            for (int c = 2; c < from.Part.Channels; c++)
            {
                other = Math.Max(other, outputs.Plane(first + c)[i]);
            }

            heights[i] = other == float.NegativeInfinity ? 0 : inside[i] - other;
            seeds[i] = objects[i] && inside[i] > other ? 1 : 0;
        }

        return Basins.Grow(MaskCleanup.Components(seeds, outputs.Height, outputs.Width), heights, objects);
    }
}
