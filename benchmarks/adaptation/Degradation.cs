using SelfAdapt.Engine;
using SelfAdapt.Files;

namespace SelfAdapt.Study;

/// <summary>
/// What is done to clean fluorescence images, in this order: rings, resolution, gamma, background, blur, photons,
/// noise, gray levels.
/// </summary>
internal sealed record Degradation
{
    /// <summary>Standard deviation of a Gaussian, px.</summary>
    public double Blur { get; init; }

    /// <summary>Standard deviation of Gaussian noise, in standard deviations of the image.</summary>
    public double Noise { get; init; }

    /// <summary>Exponent of the intensities, 0 to 1.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>Height of a ramp from corner to corner, in image maxima.</summary>
    public double Background { get; init; }

    /// <summary>Photons at the brightest pixel; 0: no shot noise.</summary>
    public double Photons { get; init; }

    /// <summary>Pixels of the original per pixel along each axis.</summary>
    public int Coarsening { get; init; } = 1;

    /// <summary>Gray levels that the image's range is left with; 0: all.</summary>
    public int Levels { get; init; }

    /// <summary>Thickness of the bright rim that is left of every object, px; 0: objects stay filled.</summary>
    public double Ring { get; init; }

    /// <summary>Degrades one image.</summary>
    /// <param name="image">Gray or RGB, 0 to 255.</param>
    /// <param name="masks">Its objects, for the rings.</param>
    /// <param name="key">Seed of the noise.</param>
    public Image Apply(Image image, LabelImage? masks, ulong key)
    {
        if (this == new Degradation())
        {
            return image;
        }

        (int height, int width) = (image.Height, image.Width);
        double[] plane = Gray(image);
        if (Ring > 0)
        {
            Hollow(plane, masks ?? throw new ArgumentException("Rings need masks."));
        }

        (plane, height, width) = Coarsen(plane, height, width);
        double top = plane.Max();
        for (int i = 0; i < plane.Length; i++)
        {
            double ramp = (((double)(i % width) / width) + ((double)(i / width) / height)) / 2;
            plane[i] = Math.Pow(plane[i], Gamma) + (Background * top * ramp);
        }

        Smooth(plane, height, width);
        Count(plane, key);
        double mean = plane.Average();
        double deviation = Math.Sqrt(plane.Average(v => (v - mean) * (v - mean)));
        float[] result = new float[plane.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (float)(plane[i] + (Noise * deviation * CounterRandom.Normal(key, (ulong)i)));
        }

        if (Levels > 0)
        {
            (float low, float high) = (result.Min(), result.Max());
            for (int i = 0; i < result.Length; i++)
            {
                result[i] = MathF.Round((result[i] - low) / (high - low) * (Levels - 1));
            }
        }

        return new Image(1, height, width, result);
    }

    /// <summary>Masks that fit a degraded image.</summary>
    public LabelImage Apply(LabelImage masks)
    {
        if (Coarsening == 1)
        {
            return masks;
        }

        (int height, int width) = (masks.Height / Coarsening, masks.Width / Coarsening);
        int[] labels = new int[height * width];
        for (int i = 0; i < labels.Length; i++)
        {
            int y = ((i / width) * Coarsening) + (Coarsening / 2);
            int x = ((i % width) * Coarsening) + (Coarsening / 2);
            labels[i] = masks.Labels[(y * masks.Width) + x];
        }

        return new LabelImage(height, width, labels);
    }

    private static double[] Gray(Image image)
    {
        int channels = Math.Min(3, image.Channels);
        double[] plane = new double[image.Height * image.Width];
        for (int c = 0; c < channels; c++)
        {
            ReadOnlySpan<float> source = image.Plane(c);
            for (int i = 0; i < plane.Length; i++)
            {
                plane[i] += source[i] / (255.0 * channels);
            }
        }

        return plane;
    }

    /// <summary>Dims the inside of objects: what is left there falls off with the distance from the rim.</summary>
    private void Hollow(double[] plane, LabelImage masks)
    {
        (int height, int width) = (masks.Height, masks.Width);
        int reach = (int)Math.Ceiling(3 * Ring);
        double[] source = [.. plane];
        for (int i = 0; i < plane.Length; i++)
        {
            int label = masks.Labels[i];
            if (label == 0)
            {
                continue;
            }

            (int y, int x) = (i / width, i % width);
            double nearest = double.PositiveInfinity;
            for (int dy = -reach; dy <= reach; dy++)
            {
                for (int dx = -reach; dx <= reach; dx++)
                {
                    (int v, int u) = (y + dy, x + dx);
                    bool inside = v >= 0 && u >= 0 && v < height && u < width && masks.Labels[(v * width) + u] == label;
                    if (!inside)
                    {
                        nearest = Math.Min(nearest, Math.Sqrt((dy * dy) + (dx * dx)));
                    }
                }
            }

            double depth = Math.Max(0, nearest - 1) / Ring;
            plane[i] = source[i] * (0.25 + (0.75 * Math.Exp(-depth * depth)));
        }
    }

    private (double[] Plane, int Height, int Width) Coarsen(double[] plane, int height, int width)
    {
        int n = Coarsening;
        double[] coarse = new double[(height / n) * (width / n)];
        for (int i = 0; i < coarse.Length; i++)
        {
            (int y, int x) = (i / (width / n) * n, i % (width / n) * n);
            for (int k = 0; k < n * n; k++)
            {
                coarse[i] += plane[((y + (k / n)) * width) + x + (k % n)] / (n * n);
            }
        }

        return (coarse, height / n, width / n);
    }

    /// <summary>Shot noise: a Poisson count's normal approximation, exact enough from ten photons on.</summary>
    private void Count(double[] plane, ulong key)
    {
        if (Photons == 0)
        {
            return;
        }

        double top = plane.Max();
        for (int i = 0; i < plane.Length; i++)
        {
            double expected = plane[i] / top * Photons;
            double drawn = expected + (Math.Sqrt(expected) * CounterRandom.Normal(key ^ 0x5107, (ulong)i));
            plane[i] = Math.Max(0, Math.Round(drawn));
        }
    }

    private void Smooth(double[] plane, int height, int width)
    {
        int radius = (int)Math.Ceiling(4 * Blur);
        if (radius == 0)
        {
            return;
        }

        double[] kernel = [.. Enumerable.Range(-radius, (2 * radius) + 1)
            .Select(d => Math.Exp(-d * d / (2 * Blur * Blur)))];
        double sum = kernel.Sum();
        double[] rows = new double[plane.Length];
        Pass(plane, rows, 0, 1);
        Pass(rows, plane, 1, 0);

        void Pass(double[] from, double[] to, int stepY, int stepX)
        {
            for (int i = 0; i < from.Length; i++)
            {
                double value = 0;
                for (int k = -radius; k <= radius; k++)
                {
                    int y = Math.Clamp((i / width) + (k * stepY), 0, height - 1);
                    int x = Math.Clamp((i % width) + (k * stepX), 0, width - 1);
                    value += kernel[k + radius] * from[(y * width) + x];
                }

                to[i] = value / sum;
            }
        }
    }
}
