using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>Reads the features of single pixels of an image.</summary>
internal static class PixelReader
{
    /// <param name="places">Pixels, row-major, each once.</param>
    /// <param name="classes">Whether each belongs to an object.</param>
    public static TrainingPixels Read(
        FeatureImage image, FeatureSet set, IReadOnlyList<int> places, bool[] classes, int threads,
        CancellationToken cancel = default)
    {
        int count = places.Count;
        float[] features = new float[set.Columns * count];
        ILookup<(int, int), (int Place, int Index)> byTile = places.Select((p, i) => (Place: p, Index: i)).ToLookup(p => (
            p.Place / image.Width / FeatureTile.Side, p.Place % image.Width / FeatureTile.Side));
        image.ForEachTile(
            set, threads,
            (top, left, tile) =>
            {
                foreach ((int place, int index) in byTile[(top / FeatureTile.Side, left / FeatureTile.Side)])
                {
                    int at = (((place / image.Width) - top) * tile.Width) + (place % image.Width) - left;
                    for (int c = 0; c < set.Columns; c++)
                    {
                        features[(c * count) + index] = tile.Values[(c * tile.Height * tile.Width) + at];
                    }
                }
            },
            (top, left, _, _) => byTile.Contains((top / FeatureTile.Side, left / FeatureTile.Side)), cancel);
        return new(features, classes);
    }
}
