namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>Pixels with known classes: what a forest learns from.</summary>
/// <param name="Features">[columns, pixels].</param>
/// <param name="Object">Whether a pixel belongs to an object.</param>
internal sealed record TrainingPixels(float[] Features, bool[] Object)
{
    public int Count => Object.Length;

    public int Columns => Features.Length / Math.Max(1, Count);

    /// <summary>The pixels of several images together.</summary>
    public static TrainingPixels Join(IReadOnlyList<TrainingPixels> parts, int columns)
    {
        int count = parts.Sum(p => p.Count);
        float[] features = new float[(long)columns * count];
        for (int c = 0; c < columns; c++)
        {
            int at = c * count;
            foreach (TrainingPixels part in parts)
            {
                part.Features.AsSpan(c * part.Count, part.Count).CopyTo(features.AsSpan(at));
                at += part.Count;
            }
        }

        return new(features, [.. parts.SelectMany(p => p.Object)]);
    }
}
