using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Simulation;

/// <summary>A simulated micrograph and the truth about it.</summary>
/// <param name="Image">One channel, whole grey levels 0 to 65,535.</param>
/// <param name="Labels">The visible pixels of each nucleus, numbered 1 to n, none smaller than 15 px.</param>
internal sealed record Micrograph(Image Image, LabelImage Labels);

/// <summary>
/// Simulates fluorescence micrographs of nuclei: shapes, brightness, texture, uneven background, blur, shot
/// noise and camera noise, in the order in which a microscope adds them. Equal seeds give equal pictures.
/// </summary>
internal static class MicrographSimulator
{
    private const int SmallestNucleus = 15;
    private const int AttemptsPerNucleus = 60;

    // Width of the blur that makes texture and background, as a fraction of the diameter and of the image.
    private const double TextureGrain = 0.07;
    private const double BackgroundGrain = 0.22;
    private const int BackgroundGrid = 64;

    // A nucleus is thicker, so brighter, in its middle: this part of its light falls off towards the rim.
    private const double Dome = 0.3;

    public static Micrograph Simulate(MicrographOptions options, ulong seed)
    {
        options.Check();

        // Scene and exposure draw from sequences of their own: the same seed gives the same nuclei in every
        // state.
        SeededRandom scene = new(seed);
        SeededRandom exposure = new(~seed);
        (int height, int width) = (options.Height, options.Width);
        int[] labels = new int[height * width];
        float[] light = new float[height * width];
        PlaceNuclei(options, scene, labels, light);
        LabelImage visible = LabelCleanup.KeepLargestParts(labels, height, width, SmallestNucleus);
        AddBackground(options, exposure, light);
        SmoothField.Blur(light, height, width, options.BlurSigma);
        for (int i = 0; i < light.Length; i++)
        {
            double level = options.Offset + exposure.Poisson(light[i] * options.PhotonScale)
                + (options.ReadNoise * exposure.Normal());
            light[i] = (float)Math.Clamp(Math.Round(level), 0, ushort.MaxValue);
        }

        return new Micrograph(new Image(1, height, width, light), visible);
    }

    private static void AddBackground(MicrographOptions options, SeededRandom random, float[] light)
    {
        float[] field =
            SmoothField.Noise(random, BackgroundGrid, BackgroundGrid, BackgroundGrid * BackgroundGrain);
        for (int i = 0; i < light.Length; i++)
        {
            double v = (double)(i / options.Width) / options.Height;
            double u = (double)(i % options.Width) / options.Width;
            double bend = Math.Clamp(SmoothField.At(field, BackgroundGrid, v, u) / 2, -1, 1);
            light[i] = (float)((light[i] * options.Contrast)
                + (options.Background * (1 + (bend * options.BackgroundUnevenness))));
        }
    }

    private static void PlaceNuclei(
        MicrographOptions options, SeededRandom random, int[] labels, float[] light)
    {
        float[] texture = SmoothField.Noise(
            random, options.Height, options.Width, Math.Max(0.8, options.Diameter * TextureGrain));
        List<(int Pixel, double Radius)> covered = [];
        for (int nucleus = 1; nucleus <= options.Nuclei; nucleus++)
        {
            for (int attempt = 0; attempt < AttemptsPerNucleus; attempt++)
            {
                NucleusShape shape = new(options, random);
                double centreY = random.Uniform(0, options.Height);
                double centreX = random.Uniform(0, options.Width);
                double brightness = Math.Exp(random.Normal() * options.BrightnessSpread);
                if (Cover(options, shape, centreY, centreX, labels, covered))
                {
                    foreach ((int pixel, double radius) in covered)
                    {
                        double inside = brightness * (1 - (Dome * radius * radius))
                            * Math.Max(0.2, 1 + (options.Texture * texture[pixel]));
                        light[pixel] += (float)inside;
                        labels[pixel] = labels[pixel] == 0 ? nucleus : labels[pixel];
                    }

                    break;
                }
            }
        }
    }

    private static bool Cover(
        MicrographOptions options, NucleusShape shape, double centreY, double centreX, int[] labels,
        List<(int Pixel, double Radius)> covered)
    {
        // A negative overlap asks for a gap: the shape is tried a little larger than it is.
        double margin = 1 - Math.Min(0, options.MaximumOverlap);
        double reach = shape.Reach * margin;
        int hidden = 0;
        covered.Clear();
        for (int y = Math.Max(0, (int)(centreY - reach));
             y <= Math.Min(options.Height - 1, centreY + reach);
             y++)
        {
            for (int x = Math.Max(0, (int)(centreX - reach));
                 x <= Math.Min(options.Width - 1, centreX + reach);
                 x++)
            {
                double radius = shape.RelativeRadius(y - centreY, x - centreX);
                int pixel = (y * options.Width) + x;
                hidden += radius <= margin && labels[pixel] != 0 ? 1 : 0;
                if (radius <= 1)
                {
                    covered.Add((pixel, radius));
                }
            }
        }

        return covered.Count >= SmallestNucleus
            && hidden <= Math.Max(0, options.MaximumOverlap) * covered.Count;
    }
}
