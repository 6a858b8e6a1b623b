namespace SelfAdapt.Files.Png;

/// <summary>The five row filters of PNG (PNG specification 9.2).</summary>
internal static class PngFilter
{
    /// <summary>Restores a filtered row in place.</summary>
    /// <param name="filter">The row's filter number.</param>
    /// <param name="above">The restored row above, zeros above the first.</param>
    /// <param name="distance">Bytes of a pixel, at least 1.</param>
    /// <returns>False for an unknown filter number.</returns>
    public static bool Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        switch (filter)
        {
            case 0:
                return true;
            case 1:
                for (int i = distance; i < row.Length; i++)
                {
                    row[i] += row[i - distance];
                }

                return true;
            case 2:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += above[i];
                }

                return true;
            case 3:
                for (int i = 0; i < row.Length; i++)
                {
                    int left = i >= distance ? row[i - distance] : 0;
                    row[i] += (byte)((left + above[i]) >> 1);
                }

                return true;
            case 4:
                for (int i = 0; i < row.Length; i++)
                {
                    bool first = i < distance;
                    row[i] += Paeth(
                        first ? 0 : row[i - distance], above[i], first ? 0 : above[i - distance]);
                }

                return true;
            default:
                return false;
        }
    }

    private static byte Paeth(int left, int up, int upLeft)
    {
        int toLeft = Math.Abs(up - upLeft);
        int toUp = Math.Abs(left - upLeft);
        int toUpLeft = Math.Abs(left + up - (2 * upLeft));
        if (toLeft <= toUp && toLeft <= toUpLeft)
        {
            return (byte)left;
        }

        return (byte)(toUp <= toUpLeft ? up : upLeft);
    }
}
