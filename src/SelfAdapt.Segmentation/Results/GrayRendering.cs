using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Segmentation.Results;

/// <summary>Turns float images into 8-bit gray for people to look at.</summary>
internal static class GrayRendering
{
    private const double LowPercentile = 1;
    private const double HighPercentile = 99.7;
    private const int SortedValues = 1 << 18;

    /// <summary>Writes an image as 8-bit PNG, stretched between its 1st and 99.7th percentile.</summary>
    /// <param name="channel">The channel shown; null, or one that is not there, for the mean of all.</param>
    public static void WritePng(string path, Image image, int? channel)
    {
        OutputFile.Write(path, PngPicture.Encode(
            image.Height, image.Width, Stretch(image, channel < image.Channels ? channel : null)));
    }

    /// <summary>Stretches an image between its 1st and 99.7th percentile.</summary>
    /// <param name="channel">The channel shown; null for the mean of all.</param>
    internal static byte[] Stretch(Image image, int? channel)
    {
        float[] plane = Plane(image, channel);
        int step = Math.Max(1, plane.Length / SortedValues);
        float[] sorted = new float[((plane.Length - 1) / step) + 1];
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i] = plane[i * step];
        }

        Array.Sort(sorted);
        float low = sorted[(int)((sorted.Length - 1) * LowPercentile / 100)];
        float high = sorted[(int)((sorted.Length - 1) * HighPercentile / 100)];
        float factor = high > low ? 255 / (high - low) : 0;
        return Array.ConvertAll(plane, v => (byte)Math.Clamp((v - low) * factor, 0, 255));
    }

    private static float[] Plane(Image image, int? channel)
    {
        if (channel is { } c)
        {
            return image.Plane(c).ToArray();
        }

        float[] mean = image.Plane(0).ToArray();
        for (int other = 1; other < image.Channels; other++)
        {
            Span<float> plane = image.Plane(other);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += plane[i];
            }
        }

        return mean;
    }
}
