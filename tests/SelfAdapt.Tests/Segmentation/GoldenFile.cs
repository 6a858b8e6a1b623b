using System.Runtime.InteropServices;
using SelfAdapt.Files;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>Raw little-endian golden files, and small pictures written as text.</summary>
internal static class GoldenFile
{
    public static float[] Floats(params string[] path) => Read<float>(path);

    public static int[] Ints(params string[] path) => Read<int>(path);

    /// <summary>One string per row, one digit per pixel, '.' for background.</summary>
    public static LabelImage Labels(params string[] rows) =>
        new(rows.Length, rows[0].Length, string.Concat(rows).Select(c => c == '.' ? 0 : c - '0').ToArray());

    /// <summary>
    /// An empty label image with rectangles painted in order: label, rows, columns (ends included).
    /// </summary>
    public static LabelImage Rectangles(
        int height, int width, params (int Label, int Top, int Bottom, int Left, int Right)[] rectangles)
    {
        int[] labels = new int[height * width];
        foreach ((int label, int top, int bottom, int left, int right) in rectangles)
        {
            for (int y = top; y <= bottom; y++)
            {
                labels.AsSpan((y * width) + left, right - left + 1).Fill(label);
            }
        }

        return new(height, width, labels);
    }

    private static T[] Read<T>(string[] path)
        where T : struct => MemoryMarshal.Cast<byte, T>(File.ReadAllBytes(SharedData.Path(path))).ToArray();
}
