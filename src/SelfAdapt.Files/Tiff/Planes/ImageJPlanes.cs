using System.Globalization;

namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>ImageJ's description ("ImageJ=1.53t\nimages=6\nchannels=2..."), planes in XYCZT order.</summary>
internal static class ImageJPlanes
{
    private const int MaximumSize = 1_000_000;

    /// <returns>Null if ImageJ did not write the file or the numbers make no sense.</returns>
    public static PlaneOrder? TryRead(TiffPages pages)
    {
        if (!pages.Description.StartsWith("ImageJ=", StringComparison.Ordinal))
        {
            return null;
        }

        Dictionary<string, int> values = [];
        foreach (string line in pages.Description.Split('\n'))
        {
            string[] parts = line.Split('=', 2);
            if (parts.Length == 2
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number is > 0 and < MaximumSize)
            {
                values[parts[0]] = number;
            }
        }

        int images = values.GetValueOrDefault("images", 1);
        int channels = values.GetValueOrDefault("channels", 1);
        int frames = values.GetValueOrDefault("frames", 1);
        int rest = Math.Max(1, (int)Math.Min(int.MaxValue, images / Math.Max(1, (long)channels * frames)));
        int slices = values.GetValueOrDefault("slices", rest);
        if ((long)channels * slices * frames != images || !pages.CanHold(images))
        {
            return null;
        }

        PlaneOrder order = PlaneOrder.Regular(
            "ImageJ", images, channels, (position, channel) => (position * channels) + channel);
        return order with { Slices = slices, Times = frames };
    }
}
