using SelfAdapt.Engine;
using SelfAdapt.Files;

namespace SelfAdapt.ShallowToDeep.Strokes;

/// <summary>How strokes are simulated.</summary>
internal sealed record PaintOptions
{
    [Setting(1, 10_000, "Strokes per class and image", Basic = true)]
    public int Strokes { get; init; } = 5;

    [Setting(1, 100_000, "Length of a stroke", Unit = "px", Basic = true)]
    public int Length { get; init; } = 25;

    [Setting(0, 100, "Half width of the brush", Unit = "px")]
    public int Radius { get; init; } = 1;

    [Setting(0, int.MaxValue, "Seed of all random numbers")]
    public int Seed { get; init; }
}

/// <summary>
/// Paints strokes as a user would who sees the truth: each begins at a random pixel of its class, wanders with a slowly
/// turning direction, and stays within the object (or the ground) where it began, with its whole brush.
/// </summary>
internal static class StrokePainter
{
    private const double Turn = 0.35;
    private const int Attempts = 8;

    /// <param name="masks">The truth: 0 is background.</param>
    /// <param name="image">Which image it is: strokes of one seed differ between images.</param>
    public static LabelImage Paint(LabelImage masks, PaintOptions options, string image)
    {
        Settings.Check(options);
        RandomStream random = new RandomStream((ulong)options.Seed).Substream($"strokes {image}");
        int[] painted = new int[masks.Labels.Length];
        foreach (bool objects in new[] { false, true })
        {
            int[] starts = [.. Enumerable.Range(0, masks.Labels.Length)
                .Where(i => masks.Labels[i] > 0 == objects && Fits(masks, i / masks.Width, i % masks.Width, masks.Labels[i], options.Radius))];

            // A class that the brush fits into nowhere is dotted.
            int radius = options.Radius;
            if (starts.Length == 0)
            {
                starts = [.. Enumerable.Range(0, masks.Labels.Length).Where(i => masks.Labels[i] > 0 == objects)];
                radius = 0;
            }

            for (int stroke = 0; stroke < options.Strokes && starts.Length > 0; stroke++)
            {
                Draw(masks, painted, starts[random.NextIndex(starts.Length)], radius, options.Length, random);
            }
        }

        return new(masks.Height, masks.Width, painted);
    }

    private static void Draw(LabelImage masks, int[] painted, int start, int radius, int length, RandomStream random)
    {
        int label = masks.Labels[start];
        int mark = label > 0 ? StrokeImage.Object : StrokeImage.Background;
        (double y, double x) = (start / masks.Width, start % masks.Width);
        double direction = random.NextUniform(0, 2 * Math.PI);
        for (int step = 0; step < length; step++)
        {
            Dab(masks, painted, (int)Math.Round(y), (int)Math.Round(x), radius, mark);
            bool moved = false;
            for (int attempt = 0; attempt < Attempts && !moved; attempt++)
            {
                direction += random.NextUniform(-Turn, Turn) * (1 + attempt);
                (double ny, double nx) = (y + Math.Sin(direction), x + Math.Cos(direction));
                if (Fits(masks, (int)Math.Round(ny), (int)Math.Round(nx), label, radius))
                {
                    (y, x, moved) = (ny, nx, true);
                }
            }

            if (!moved)
            {
                direction += Math.PI;
            }
        }
    }

    private static bool Fits(LabelImage masks, int y, int x, int label, int radius)
    {
        for (int dy = -radius; dy <= radius; dy++)
        {
            for (int dx = -radius; dx <= radius; dx++)
            {
                (int ny, int nx) = (y + dy, x + dx);
                if ((uint)ny >= (uint)masks.Height || (uint)nx >= (uint)masks.Width
                    || masks.Labels[(ny * masks.Width) + nx] != label)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static void Dab(LabelImage masks, int[] painted, int y, int x, int radius, int mark)
    {
        for (int dy = -radius; dy <= radius; dy++)
        {
            for (int dx = -radius; dx <= radius; dx++)
            {
                painted[((y + dy) * masks.Width) + x + dx] = mark;
            }
        }
    }
}
