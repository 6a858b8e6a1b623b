namespace SelfAdapt.Segmentation.Preparation;

/// <summary>Percentiles by counting instead of sorting: linear in the number of values.</summary>
internal static class OrderStatistics
{
    private const int HalfBits = 16;
    private const int Bins = 1 << HalfBits;

    /// <summary>NumPy's linear percentile of float32 data (docs/cellpose.md 3.2).</summary>
    public static double Percentile(ReadOnlySpan<float> values, double percent)
    {
        double position = (values.Length - 1) * (percent / 100.0);
        int index = (int)Math.Floor(position);
        double fraction = position - index;
        float lower = Select(values, index);
        float upper = index + 1 < values.Length ? Select(values, index + 1) : lower;

        // NumPy takes the difference in the data's own type and interpolates from the nearer end.
        float difference = upper - lower;
        return fraction < 0.5 ? lower + (difference * fraction) : upper - (difference * (1 - fraction));
    }

    /// <summary>The value that would stand at a position after sorting ascending.</summary>
    public static float Select(ReadOnlySpan<float> values, int rank)
    {
        int[] counts = new int[Bins];
        foreach (float value in values)
        {
            counts[SortableBits(value) >> HalfBits]++;
        }

        uint high = Locate(counts, ref rank);
        Array.Clear(counts);
        foreach (float value in values)
        {
            uint bits = SortableBits(value);
            if (bits >> HalfBits == high)
            {
                counts[bits & (Bins - 1)]++;
            }
        }

        return FromSortableBits((high << HalfBits) | Locate(counts, ref rank));
    }

    private static uint Locate(int[] counts, ref int rank)
    {
        uint bin = 0;
        while (rank >= counts[bin])
        {
            rank -= counts[bin];
            bin++;
        }

        return bin;
    }

    /// <summary>Maps a float to an integer of the same order: negative ones flipped, the others above them.</summary>
    private static uint SortableBits(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }

    private static float FromSortableBits(uint bits) => BitConverter.UInt32BitsToSingle(
        (bits & 0x8000_0000) != 0 ? bits & 0x7FFF_FFFF : ~bits);
}
