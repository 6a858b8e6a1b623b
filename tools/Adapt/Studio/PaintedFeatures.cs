using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.Tool.Studio;

/// <summary>The features of an image's painted pixels: those of a new stroke are computed, the others are there.</summary>
internal sealed class PaintedFeatures
{
    private Dictionary<int, float[]> _known = [];
    private (long Version, (uint, uint) Every, TrainingPixels? Pixels) _last;

    /// <param name="every">Of how many painted pixels of objects and of background one is taken.</param>
    /// <param name="compute">Gives the features of pixels, [columns, pixels].</param>
    public TrainingPixels Read(
        PaintedImage painted, (uint Objects, uint Background) every, FeatureSet set, Func<IReadOnlyList<int>, TrainingPixels> compute)
    {
        if (_last.Pixels is { } before && _last.Version == painted.Version && _last.Every == every)
        {
            return before;
        }

        int[] taken = [.. Enumerable.Range(0, painted.Places.Count).Where(
            i => IsTaken(painted.Places[i], painted.Objects[i] ? every.Objects : every.Background))];
        int[] places = [.. taken.Select(i => painted.Places[i])];
        int[] missing = [.. places.Where(p => !_known.ContainsKey(p))];
        if (missing.Length > 0)
        {
            TrainingPixels computed = compute(missing);
            for (int i = 0; i < missing.Length; i++)
            {
                float[] row = new float[set.Columns];
                for (int c = 0; c < row.Length; c++)
                {
                    row[c] = computed.Features[(c * missing.Length) + i];
                }

                _known[missing[i]] = row;
            }
        }

        _known = places.ToDictionary(p => p, p => _known[p]);
        float[] features = new float[set.Columns * places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            float[] row = _known[places[i]];
            for (int c = 0; c < row.Length; c++)
            {
                features[(c * places.Length) + i] = row[c];
            }
        }

        TrainingPixels pixels = new(features, [.. taken.Select(i => painted.Objects[i])]);
        _last = (painted.Version, every, pixels);
        return pixels;
    }

    /// <summary>A share of all places, spread evenly and always the same.</summary>
    private static bool IsTaken(int place, uint every) => (((uint)place * 2654435761u) >> 8) % every == 0;
}
