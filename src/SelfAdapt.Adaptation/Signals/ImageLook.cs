using SelfAdapt.Files;

namespace SelfAdapt.Adaptation.Signals;

/// <summary>
/// What tells one kind of image from another without any network: how bright the background is and how colourful the
/// image. Two looks are as far apart as the numbers are (docs/method.md, "Folders of several kinds").
/// </summary>
/// <param name="Background">The median intensity between the image's 1st and 99th percentile, 0 to 1.</param>
/// <param name="Colour">Mean distance of the largest and the smallest of three channels, of the largest value; 0 to 1.</param>
internal readonly record struct ImageLook(double Background, double Colour)
{
    // Enough for percentiles to two digits.
    private const int MostSamples = 1 << 16;
    private const double Low = 0.01;
    private const double High = 0.99;
    private const int ColourChannels = 3;

    /// <summary>What an image looks like; one of a single value is dark.</summary>
    public static ImageLook Of(Image image)
    {
        int pixels = image.Height * image.Width;

        // An odd step that does not follow the columns.
        int step = Math.Max(1, pixels / MostSamples) | 1;
        float[] gray = new float[(pixels + step - 1) / step];
        double colour = 0;
        double largest = 0;
        for (int i = 0; i < gray.Length; i++)
        {
            (float sum, float least, float most) = (0, float.PositiveInfinity, float.NegativeInfinity);
            for (int c = 0; c < image.Channels; c++)
            {
                float value = image.Pixels[(c * pixels) + (i * step)];
                (sum, least, most) = (sum + value, Math.Min(least, value), Math.Max(most, value));
            }

            gray[i] = sum / image.Channels;
            colour += most - least;
            largest = Math.Max(largest, most);
        }

        Array.Sort(gray);
        double low = At(Low);
        double range = At(High) - low;
        return new(
            range > 0 ? Math.Clamp((At(0.5) - low) / range, 0, 1) : 0,
            image.Channels == ColourChannels && largest > 0 ? Math.Clamp(colour / gray.Length / largest, 0, 1) : 0);

        double At(double fraction) => gray[(int)(fraction * (gray.Length - 1))];
    }

    public double DistanceTo(ImageLook other) => Math.Sqrt(
        ((Background - other.Background) * (Background - other.Background))
        + ((Colour - other.Colour) * (Colour - other.Colour)));

    public static ImageLook Mean(IReadOnlyCollection<ImageLook> looks) =>
        new(looks.Average(l => l.Background), looks.Average(l => l.Colour));
}
