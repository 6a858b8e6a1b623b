using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>
/// One line per cell as CSV: label, area_px, diameter_px (of the disc of that area), centroid_x and centroid_y (the
/// top left pixel's centre is 0,0), mean_intensity_1, ... per channel in the image's own units.
/// </summary>
internal static class MeasurementTable
{
    public static void Write(string path, LabelImage masks, Image image)
    {
        if (image.Height != masks.Height || image.Width != masks.Width)
        {
            throw new ArgumentException("Image and masks differ in size.", nameof(image));
        }

        OutputFile.Write(path, stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
            IEnumerable<string> channels = Enumerable.Range(1, image.Channels)
                .Select(c => string.Create(CultureInfo.InvariantCulture, $",mean_intensity_{c}"));
            writer.WriteLine("label,area_px,diameter_px,centroid_x,centroid_y" + string.Concat(channels));
            foreach ((int label, LabelRegion region) in CellList.Of(masks))
            {
                writer.WriteLine(Line(masks, image, label, region));
            }
        });
    }

    private static string Line(LabelImage masks, Image image, int label, LabelRegion region)
    {
        (double sumX, double sumY) = (0, 0);
        double[] sums = new double[image.Channels];
        for (int y = region.Top; y <= region.Bottom; y++)
        {
            for (int x = region.Left; x <= region.Right; x++)
            {
                int at = (y * masks.Width) + x;
                if (masks.Labels[at] != label)
                {
                    continue;
                }

                (sumX, sumY) = (sumX + x, sumY + y);
                for (int c = 0; c < sums.Length; c++)
                {
                    sums[c] += image.Plane(c)[at];
                }
            }
        }

        double diameter = 2 * Math.Sqrt(region.Area / Math.PI);
        string start = string.Create(
            CultureInfo.InvariantCulture,
            $"{label},{region.Area},{diameter:0.###},{sumX / region.Area:0.###},{sumY / region.Area:0.###}");
        return start + string.Concat(sums.Select(s =>
            string.Create(CultureInfo.InvariantCulture, $",{(float)(s / region.Area)}")));
    }
}
