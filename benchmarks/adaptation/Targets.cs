using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using SelfAdapt.Compute;
using SelfAdapt.Imaging;
using SelfAdapt.Segmentation;
using SelfAdapt.Training;

namespace SelfAdapt.Study;

/// <summary>A target domain: unlabeled images to adapt on, labelled ones to judge on.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Adaptation">Images to adapt on.</param>
/// <param name="Judged">Other images, with masks that only the AP column sees.</param>
/// <param name="Diameter">One diameter for the whole target, px, as a user would measure it.</param>
/// <param name="Invert">Dark objects on a bright ground.</param>
internal sealed record Target(
    string Name, IReadOnlyList<NamedImage> Adaptation, IReadOnlyList<LabelledImage> Judged, double Diameter,
    bool Invert);

/// <summary>The targets, made from the data that lies beside the checkout.</summary>
internal static class Targets
{
    private const int FluorescenceSide = 256;

    public static readonly string[] Names =
        ["blur-noise", "noise", "dim-background", "low-gamma", "histology", "livecell", "clean"];

    public static Target Load(string name, string data) => name switch
    {
        "blur-noise" => Fluorescence(name, data, Degradation.None with { Blur = 3, Noise = 0.6 }),
        "noise" => Fluorescence(name, data, Degradation.None with { Blur = 1, Noise = 1.5 }),
        "dim-background" => Fluorescence(name, data, Degradation.None with { Blur = 2, Noise = 0.3, Background = 2 }),
        "low-gamma" => Fluorescence(name, data, Degradation.None with { Blur = 2, Noise = 0.2, Gamma = 0.4 }),
        "clean" => Fluorescence(name, data, Degradation.None),
        "histology" => Histology(name, data),
        "livecell" => LiveCell(name, data),
        _ => throw new ArgumentException($"There is no target '{name}'; there are {string.Join(", ", Names)}."),
    };

    private static Target Fluorescence(string name, string data, Degradation degradation)
    {
        string folder = Path.Combine(data, "dsb2018", "fluo");
        IReadOnlyList<JsonElement> index = Index(data, "fluo");
        bool Fits(JsonElement e, string split) =>
            e.GetProperty("split").GetString() == split && e.GetProperty("height").GetInt32() == FluorescenceSide
            && e.GetProperty("width").GetInt32() == FluorescenceSide && e.GetProperty("objects").GetInt32() >= 5;
        string[] adapt = [.. Every(index.Where(e => Fits(e, "train")).Select(Name), 6).Take(45)];
        JsonElement[] judged = [.. Every(index.Where(e => Fits(e, "test")), 3).Take(14)];
        NamedImage Read(string stem, int at)
        {
            string path = Path.Combine(folder, stem + "_img.png");
            return new NamedImage(stem, path, degradation.Apply(ImageFile.Read(path), (ulong)at));
        }

        return new Target(
            name, [.. adapt.Select(Read)],
            [.. judged.Select((e, i) => new LabelledImage(
                Read(Name(e), 1000 + i).Image, LabelFile.Read(Path.Combine(folder, Name(e) + "_masks.png")), Name(e)))],
            MedianDiameter(judged), false);
    }

    private static Target Histology(string name, string data)
    {
        string folder = Path.Combine(data, "dsb2018", "other");
        IReadOnlyList<JsonElement> index = Index(data, "other");
        bool Fits(JsonElement e, string split) =>
            e.GetProperty("split").GetString() == split && e.GetProperty("height").GetInt32() == FluorescenceSide;
        JsonElement[] adapt = [.. index.Where(e => Fits(e, "train"))];
        JsonElement[] judged = [.. index.Where(e => Fits(e, "test"))];
        return new Target(
            name, [.. adapt.Select(e => Path.Combine(folder, Name(e) + "_img.png"))
                .Select(p => new NamedImage(Path.GetFileName(p), p, ImageFile.Read(p)))],
            [.. judged.Select(e => new LabelledImage(
                ImageFile.Read(Path.Combine(folder, Name(e) + "_img.png")),
                LabelFile.Read(Path.Combine(folder, Name(e) + "_masks.png")), Name(e)))],
            MedianDiameter(judged), true);
    }

    private static Target LiveCell(string name, string data)
    {
        string labelled = Path.Combine(data, "livecell", "annotated");
        ImageFolder images = ImageFolder.Load(Path.Combine(data, "livecell", "unlabeled"));
        LabelledImage[] judged = [.. ImageFolder.Load(labelled).Images.Select(i => new LabelledImage(
            i.Image, LabelFile.Read(Path.Combine(labelled, Path.GetFileNameWithoutExtension(i.Path) + "_masks.png")),
            i.Name))];
        double[] diameters = [.. judged.Select(j => CellGeometry.MedianDiameter(j.Masks)).Order()];
        return new Target(name, images.Images, judged, diameters[diameters.Length / 2], false);
    }

    private static IReadOnlyList<JsonElement> Index(string data, string folder)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "dsb2018", "index.json")));
        return [.. index.RootElement.EnumerateArray().Where(e => e.GetProperty("folder").GetString() == folder)
            .Select(e => e.Clone())];
    }

    private static string Name(JsonElement entry) => entry.GetProperty("name").GetString()!;

    private static double MedianDiameter(JsonElement[] entries)
    {
        double[] sorted = [.. entries.Select(e => e.GetProperty("mean_diameter_px").GetDouble()).Order()];
        return sorted[sorted.Length / 2];
    }

    private static IEnumerable<T> Every<T>(IEnumerable<T> items, int step) => items.Where((_, i) => i % step == 0);
}

/// <summary>What was done to clean images: in the order gamma, background, blur, noise; intensities 0 to 1.</summary>
/// <param name="Blur">Standard deviation of a Gaussian, px.</param>
/// <param name="Noise">Standard deviation of Gaussian noise, in standard deviations of the image.</param>
/// <param name="Gamma">Exponent.</param>
/// <param name="Background">Height of a ramp from corner to corner, in image maxima.</param>
internal sealed record Degradation(double Blur, double Noise, double Gamma, double Background)
{
    public static readonly Degradation None = new(0, 0, 1, 0);

    public Image Apply(Image image, ulong key)
    {
        if (this == None)
        {
            return image;
        }

        (int height, int width) = (image.Height, image.Width);
        double[] plane = new double[height * width];
        for (int c = 0; c < Math.Min(3, image.Channels); c++)
        {
            ReadOnlySpan<float> source = image.Plane(c);
            for (int i = 0; i < plane.Length; i++)
            {
                plane[i] += source[i] / (255.0 * Math.Min(3, image.Channels));
            }
        }

        double top = plane.Max();
        for (int i = 0; i < plane.Length; i++)
        {
            double ramp = (((double)(i % width) / width) + ((double)(i / width) / height)) / 2;
            plane[i] = Math.Pow(plane[i], Gamma) + (Background * top * ramp);
        }

        Smooth(plane, height, width);
        double mean = plane.Average();
        double deviation = Math.Sqrt(plane.Average(v => (v - mean) * (v - mean)));
        float[] result = new float[plane.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (float)(plane[i] + (Noise * deviation * CounterRandom.Normal(key, (ulong)i)));
        }

        return new Image(1, height, width, result);
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

        Pass(plane, rows, 0, 1);
        Pass(rows, plane, 1, 0);
    }
}
