namespace SelfAdapt.ShallowToDeep.Instances;

/// <summary>Euclidean distances to the nearest pixel outside (Felzenszwalb and Huttenlocher 2012).</summary>
internal static class DistanceTransform
{
    private const double Far = 1e12;

    /// <summary>Per pixel inside, the distance to the nearest pixel outside; what lies beyond the image counts as inside.</summary>
    public static float[] Compute(bool[] inside, int height, int width)
    {
        double[] squares = Array.ConvertAll(inside, i => i ? Far : 0);
        Parallel.For(0, width, x => Pass(squares, x, width, height));
        Parallel.For(0, height, y => Pass(squares, y * width, 1, width));
        return Array.ConvertAll(squares, s => (float)Math.Sqrt(Math.Min(s, Far)));
    }

    /// <summary>One line's lower envelope of parabolas.</summary>
    private static void Pass(double[] values, int first, int step, int count)
    {
        double[] line = new double[count];
        int[] place = new int[count];
        double[] from = new double[count + 1];
        for (int i = 0; i < count; i++)
        {
            line[i] = values[first + (i * step)];
        }

        int last = 0;
        (from[0], from[1]) = (double.NegativeInfinity, double.PositiveInfinity);
        for (int q = 1; q < count; q++)
        {
            double s = Meeting(line, q, place[last]);
            while (s <= from[last])
            {
                last--;
                s = Meeting(line, q, place[last]);
            }

            last++;
            place[last] = q;
            (from[last], from[last + 1]) = (s, double.PositiveInfinity);
        }

        int k = 0;
        for (int q = 0; q < count; q++)
        {
            while (from[k + 1] < q)
            {
                k++;
            }

            double away = q - place[k];
            values[first + (q * step)] = Math.Min(Far, (away * away) + line[place[k]]);
        }
    }

    private static double Meeting(double[] line, int q, int p) =>
        (line[q] + ((double)q * q) - line[p] - ((double)p * p)) / (2.0 * (q - p));
}
