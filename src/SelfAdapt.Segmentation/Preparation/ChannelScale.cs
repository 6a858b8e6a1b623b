namespace SelfAdapt.Segmentation.Preparation;

/// <summary>What normalisation does to every value of a channel.</summary>
/// <param name="Offset">What becomes 0.</param>
/// <param name="Divisor">The distance that becomes 1; 0 leaves values as they are.</param>
/// <param name="Invert">Replaces x by 1 - x afterwards.</param>
/// <param name="Fill">What every value becomes; null: it depends on the value.</param>
internal readonly record struct ChannelScale(float Offset, float Divisor, bool Invert, float? Fill = null)
{
    public static ChannelScale None => default;

    /// <summary>Makes every value 0, or 1 where it is inverted.</summary>
    public static ChannelScale Flat(bool invert) => new(0, 0, invert, Fill: invert ? 1f : 0f);

    public void Apply(Span<float> values)
    {
        if (Fill is { } fill)
        {
            values.Fill(fill);
        }
        else if (Divisor != 0)
        {
            for (int i = 0; i < values.Length; i++)
            {
                float value = (values[i] - Offset) / Divisor;
                values[i] = Invert ? 1f - value : value;
            }
        }
    }
}
