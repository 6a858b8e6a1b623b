using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>What a StarDist network should say of masks, as StarDist makes it.</summary>
internal static class StarTargets
{
    /// <summary>
    /// How deep each pixel lies: its distance to the nearest pixel of another label as a share of its object's largest; 0 in the
    /// background. The border of the image is no edge.
    /// </summary>
    public static float[] Depth(LabelImage masks)
    {
        (int height, int width, int[] labels) = (masks.Height, masks.Width, masks.Labels);
        int[] across = Across(masks);
        double[] squares = new double[labels.Length];
        Dictionary<int, double> largest = [];
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] == 0)
            {
                continue;
            }

            double least = Square(across[i]);
            foreach (int step in (ReadOnlySpan<int>)[-1, 1])
            {
                for (int away = 1; Square(away) < least; away++)
                {
                    int row = (i / width) + (step * away);
                    if (row < 0 || row >= height)
                    {
                        break;
                    }

                    int at = (row * width) + (i % width);
                    least = Math.Min(least, Square(away) + (labels[at] == labels[i] ? Square(across[at]) : 0));
                }
            }

            squares[i] = least;
            largest[labels[i]] = Math.Max(largest.GetValueOrDefault(labels[i]), least);
        }

        return [.. squares.Select((s, i) => s > 0 ? (float)Math.Sqrt(s / largest[labels[i]]) : 0)];
    }

    /// <summary>The distances from a pixel to where its object ends along rays; 0 in the background.</summary>
    /// <param name="distances">Receives one for each ray.</param>
    public static void Distances(LabelImage masks, int row, int column, Span<float> distances)
    {
        int label = masks.Labels[(row * masks.Width) + column];
        distances.Clear();
        float step = (float)(2 * Math.PI / distances.Length);
        for (int k = 0; label != 0 && k < distances.Length; k++)
        {
            (float down, float right) = ((float)Math.Sin(k * step), (float)Math.Cos(k * step));
            (float y, float x) = (0, 0);
            int i, j;
            do
            {
                (y, x) = (y + down, x + right);
                (i, j) = ((int)MathF.Round(row + y), (int)MathF.Round(column + x));
            }
            while (i >= 0 && i < masks.Height && j >= 0 && j < masks.Width && masks.Labels[(i * masks.Width) + j] == label);

            // The last step went too far.
            float back = 1 - (0.5f / Math.Max(MathF.Abs(down), MathF.Abs(right)));
            (y, x) = (y - (back * down), x - (back * right));
            distances[k] = MathF.Sqrt((y * y) + (x * x));
        }
    }

    /// <summary>Along its row, the distance of each pixel to the nearest of another label.</summary>
    private static int[] Across(LabelImage masks)
    {
        int[] distance = new int[masks.Labels.Length];
        for (int row = 0; row < masks.Height; row++)
        {
            ReadOnlySpan<int> labels = masks.Labels.AsSpan(row * masks.Width, masks.Width);
            Span<int> own = distance.AsSpan(row * masks.Width, masks.Width);
            const int Far = 1 << 20;
            for (int x = 0; x < own.Length; x++)
            {
                own[x] = x == 0 ? Far : labels[x] == labels[x - 1] ? own[x - 1] + 1 : 1;
            }

            for (int x = own.Length - 2; x >= 0; x--)
            {
                own[x] = Math.Min(own[x], labels[x] == labels[x + 1] ? own[x + 1] + 1 : 1);
            }
        }

        return distance;
    }

    private static double Square(int x) => (double)x * x;
}
