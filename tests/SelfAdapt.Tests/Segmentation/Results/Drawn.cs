using SelfAdapt.Files;
using SelfAdapt.Segmentation.Results;

namespace SelfAdapt.Tests.Segmentation.Results;

/// <summary>Label images drawn as text: rows separated by blanks, a digit per pixel, '.' for background.</summary>
internal static class Drawn
{
    public static LabelImage Labels(string rows)
    {
        string[] lines = rows.Split(' ');
        return new LabelImage(
            lines.Length, lines[0].Length,
            [.. string.Concat(lines).Select(c => c == '.' ? 0 : c == '#' ? 1 : c - '0')]);
    }

    /// <summary>Random labels: noise with holes, corners that touch and several parts per label.</summary>
    public static LabelImage Noise(int height, int width, int labels, uint seed)
    {
        uint state = seed;
        int[] pixels = new int[height * width];
        for (int i = 0; i < pixels.Length; i++)
        {
            state = state * 1664525 + 1013904223;
            pixels[i] = (int)((state >> 10) % (uint)(labels + 1));
        }

        return new LabelImage(height, width, pixels);
    }

    /// <summary>The pixels inside rings, by counting the vertical edges to the left of each pixel's centre.</summary>
    public static bool[] Fill(LabelImage like, params OutlinePoint[][] rings)
    {
        bool[] inside = new bool[like.Labels.Length];
        foreach (OutlinePoint[] ring in rings)
        {
            for (int i = 0; i < ring.Length; i++)
            {
                (OutlinePoint p, OutlinePoint q) = (ring[i], ring[(i + 1) % ring.Length]);
                for (int y = Math.Min(p.Y, q.Y); y < Math.Max(p.Y, q.Y); y++)
                {
                    for (int x = p.X; x < like.Width; x++)
                    {
                        inside[(y * like.Width) + x] ^= true;
                    }
                }
            }
        }

        return inside;
    }
}
