using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// Masks of DeepWatershed's distances: maxima of the inner distance are seeds, which grow over all that lies in objects, down
/// the outer distance (the inner one where there is no outer).
/// </summary>
internal static class DistanceMasks
{
    // DeepCell's threshold of maxima: how high they are, and how far above the passes to higher ones.
    private const float Least = 0.1f;

    /// <summary>Makes masks, labels 1..n, at the outputs' size.</summary>
    public static LabelImage Make(in MaskInputs from)
    {
        Image outputs = from.Outputs;
        bool[] objects = from.Objects();
        ReadOnlySpan<float> inner = outputs.Plane(from.Part!.Channel);
        int[] seeds = Basins.Tops(Basins.Flood(inner, objects, outputs.Width, Least), inner);
        for (int i = 0; i < seeds.Length; i++)
        {
            seeds[i] = inner[i] >= Least ? seeds[i] : 0;
        }

        OutputPart? outer = from.Description.Parts.FirstOrDefault(p => p.Kind is OuterDistanceKind);
        return Basins.Grow(
            new(outputs.Height, outputs.Width, seeds), outer is null ? inner : outputs.Plane(outer.Channel), objects);
    }
}
