namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>Where a user who looks at a forest's map would paint next.</summary>
internal static class ErrorTiles
{
    private const int Side = 25;

    // Sums of a table of sums are not quite 0 where nothing is.
    private const double Rounding = 1e-6;

    /// <summary>
    /// The pixels of the squares in which a map errs most, taken one beside the other until both classes have enough; none where it errs nowhere.
    /// </summary>
    /// <param name="map">Probabilities of an object, row-major.</param>
    /// <param name="objects">The truth.</param>
    /// <param name="each">Pixels of either class that are enough.</param>
    public static IReadOnlyCollection<int> Worst(float[] map, bool[] objects, int width, int each)
    {
        int height = map.Length / width;
        double[] errors = TileErrors(map, objects, height, width);
        List<int> taken = [];
        List<(int Y, int X)> middles = [];
        int[] counts = [0, 0];
        foreach (int middle in Enumerable.Range(0, map.Length).Where(i => errors[i] > Rounding).OrderByDescending(i => errors[i]).ThenBy(i => i))
        {
            if (counts.Min() >= each)
            {
                break;
            }

            (int my, int mx) = (middle / width, middle % width);
            if (middles.Any(m => Math.Abs(m.Y - my) < Side && Math.Abs(m.X - mx) < Side))
            {
                continue;
            }

            middles.Add((my, mx));
            ((int top, int bottom), (int left, int right)) = (Reach(my, height), Reach(mx, width));
            for (int y = top; y < bottom; y++)
            {
                for (int x = left; x < right; x++)
                {
                    int at = (y * width) + x;
                    taken.Add(at);
                    counts[objects[at] ? 1 : 0]++;
                }
            }
        }

        return taken;
    }

    /// <summary>The sum of |truth - map| over the square around each pixel, cut off at the edges.</summary>
    private static double[] TileErrors(float[] map, bool[] objects, int height, int width)
    {
        double[] sums = new double[(height + 1) * (width + 1)];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = (y * width) + x;
                sums[((y + 1) * (width + 1)) + x + 1] = Math.Abs((objects[at] ? 1 : 0) - map[at])
                    + sums[(y * (width + 1)) + x + 1] + sums[((y + 1) * (width + 1)) + x] - sums[(y * (width + 1)) + x];
            }
        }

        double[] errors = new double[map.Length];
        for (int i = 0; i < errors.Length; i++)
        {
            ((int top, int bottom), (int left, int right)) = (Reach(i / width, height), Reach(i % width, width));
            errors[i] = sums[(bottom * (width + 1)) + right] - sums[(top * (width + 1)) + right]
                - sums[(bottom * (width + 1)) + left] + sums[(top * (width + 1)) + left];
        }

        return errors;
    }

    private static (int From, int To) Reach(int middle, int length) =>
        (Math.Max(0, middle - (Side / 2)), Math.Min(length, middle + (Side / 2) + 1));
}
