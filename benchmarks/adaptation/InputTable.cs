using System.Globalization;
using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Study;

/// <summary>
/// What is won by changing the image instead of the network: the unadapted network behind filters of its input, with the AP50
/// that labels give and the evidence of the outlines on the image as it is. A CSV file; a pair that is there is not measured
/// again.
/// </summary>
internal sealed class InputTable(string path)
{
    private const int MostJudged = 12;
    private const int LargestJudged = 320;
    private const int LargestLooked = 256;
    private const string Header = "source,target,filter,ap50,evidence,cells,outline_fit,evidence_by_image\n";
    private const string None = "id";

    /// <summary>Changes a plane, given its height, its width and the objects' diameter, px.</summary>
    private delegate float[] Filter(float[] plane, int height, int width, double diameter);

    private static readonly (string Name, Filter Of)[] Filters =
    [
        (None, (p, _, _, _) => p),
        ("smooth15", (p, h, w, d) => Smooth(p, h, w, d / 15)),
        ("smooth8", (p, h, w, d) => Smooth(p, h, w, d / 8)),
        ("bg2", (p, h, w, d) => Subtract(p, Smooth(p, h, w, 2 * d))),
        ("gamma.5", (p, _, _, _) => Gamma(p, 0.5)),
        ("gamma.7", (p, _, _, _) => Gamma(p, 0.7)),
        ("gamma1.5", (p, _, _, _) => Gamma(p, 1.5)),
        ("local2", (p, h, w, d) => LocalContrast(p, h, w, 2 * d)),
        ("local1", (p, h, w, d) => LocalContrast(p, h, w, d)),
        ("local4", (p, h, w, d) => LocalContrast(p, h, w, 4 * d)),
        ("local2smooth15", (p, h, w, d) => LocalContrast(Smooth(p, h, w, d / 15), h, w, 2 * d)),
        ("gamma.7smooth15", (p, h, w, d) => Gamma(Smooth(p, h, w, d / 15), 0.7)),
        ("local2gamma.7", (p, h, w, d) => LocalContrast(Gamma(p, 0.7), h, w, 2 * d)),
    ];

    /// <summary>Measures the pairs that the file lacks.</summary>
    public void Measure(string repository, string shared)
    {
        if (!File.Exists(path))
        {
            File.WriteAllText(path, Header);
        }

        HashSet<string> done = [.. Rows().Select(r => $"{r[0]},{r[1]}")];
        foreach (StudyRun run in Plans.Pairs.SelectMany(p => Plans.Find(p)!.Runs).Where(r => r.Seed == 0))
        {
            if (done.Add($"{run.Source},{run.Target}"))
            {
                Source source = Sources.Load(run.Source, repository, shared, Path.Combine(repository, "artifacts", "study"));
                File.AppendAllText(path, Measure(source, Targets.Load(run.Target, Path.Combine(shared, "data"))));
            }
        }
    }

    /// <summary>
    /// Per pair AP50 without a filter, with the one of most evidence where that is more than none's by its standard error
    /// over images, and with the best by labels.
    /// </summary>
    public string Table()
    {
        StringBuilder text = new("| source | target | as it is | by evidence | | best | |\n|---|---|---:|---:|---|---:|---|\n");
        List<(double None, double Chosen, double Best)> all = [];
        foreach (string[][] pair in Rows().GroupBy(r => $"{r[0]},{r[1]}").Select(g => g.ToArray()))
        {
            string[] none = pair.First(r => r[2] == None);
            string[] most = pair.MaxBy(r => Number(r[4]))!;
            string[] chosen = IsClear(most, none) ? most : none;
            string[] best = pair.MaxBy(r => Number(r[3]))!;
            all.Add((Number(none[3]), Number(chosen[3]), Number(best[3])));
            text.Append(CultureInfo.InvariantCulture,
                $"| {none[0]} | {none[1]} | {Number(none[3]):.000} | {Number(chosen[3]):.000} | {chosen[2]} | {Number(best[3]):.000} | {best[2]} |\n");
        }

        return text.Append(CultureInfo.InvariantCulture,
            $"| mean of {all.Count} | | {all.Average(a => a.None):.000} | {all.Average(a => a.Chosen):.000} | | {all.Average(a => a.Best):.000} | |\n")
            .ToString();
    }

    private static bool IsClear(string[] filter, string[] none)
    {
        double[] differences = [.. filter[7].Split(' ').Zip(none[7].Split(' '), (a, b) => Number(a) - Number(b))];
        double mean = differences.Average();
        return differences.Sum() > Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)));
    }

    private string[][] Rows() => [.. File.ReadLines(path).Skip(1).Select(l => l.Split(','))];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Measure(Source source, Target target)
    {
        using CpuBackend backend = new(0);
        using NetworkWeights weights = new(source.Network, backend);
        using EngineNetwork network = new(weights, backend);
        SegmentationOptions options = new()
        {
            Diameter = target.Diameter,
            DiamMean = source.DiamMean,
            Invert = target.Invert,
            Channels = target.Channels,
        };
        int channels = source.Network.InputChannels;
        Image[] looked =
        [
            .. AdaptationLoop.Checked(target.Adaptation, new()).Select(i => ImagePreparation.Middle(
                ImagePreparation.Prepare(i.Image, options, channels, i.Name), LargestLooked)),
        ];
        OutlineFit[] outlines = [.. looked.Select(i => new OutlineFit(i, source.DiamMean))];
        LabelledImage[] judged = [.. target.Judged.Take(MostJudged).Select(j => AtNetworkScale(
            j, ImagePreparation.Prepare(j.Image, options, channels, j.Name)))];

        // Images are as the network takes them, but for their percentiles, which a filter moves.
        Segmenter segmenter = new(network, options with
        {
            Diameter = 0,
            Invert = false,
            Channels = new ChannelPair(1, channels == 2 ? 2 : 0),
            MinSize = (int)Math.Round(options.MinSize * options.Rescale * options.Rescale),
        });
        double asked = 0;
        StringBuilder rows = new();
        foreach ((string name, Filter of) in Filters)
        {
            double[][] fits = [.. looked.Select((p, i) => outlines[i].Of(Segmented(p)))];
            double mean = fits.SelectMany(f => f).DefaultIfEmpty(1).Average();
            asked = name == None ? Math.Max(1, mean - 0.2) : asked;
            double[] evidence = [.. fits.Select(f => f.Sum(v => v - asked))];
            double precision = judged.Average(j => InstanceMatching.Match(j.Masks, Segmented(j.Image), 0.5).AveragePrecision);
            rows.Append(CultureInfo.InvariantCulture,
                $"{source.Name},{target.Name},{name},{precision:0.0000},{evidence.Sum():0.00},{fits.Sum(f => f.Length)},{mean:0.0000},")
                .AppendJoin(' ', evidence.Select(e => e.ToString("0.00", CultureInfo.InvariantCulture))).Append('\n');

            LabelImage Segmented(Image image) => segmenter.Segment(Filtered(image, of, source.DiamMean), name).Masks;
        }

        return rows.ToString();
    }

    /// <summary>The middle part of a prepared image with its masks.</summary>
    private static LabelledImage AtNetworkScale(LabelledImage labelled, Image prepared)
    {
        Image part = ImagePreparation.Middle(prepared, LargestJudged);
        (int top, int left) = ((prepared.Height - part.Height) / 2, (prepared.Width - part.Width) / 2);
        LabelImage masks = labelled.Masks;
        int[] labels = [.. Enumerable.Range(0, part.Height * part.Width).Select(i =>
        {
            int y = (int)(((i / part.Width) + top + 0.5) * masks.Height / prepared.Height);
            int x = (int)(((i % part.Width) + left + 0.5) * masks.Width / prepared.Width);
            return masks.Labels[(y * masks.Width) + x];
        })];
        return new(part, LabelRegions.Renumber(new LabelImage(part.Height, part.Width, labels)).Item1, labelled.Name);
    }

    private static Image Filtered(Image image, Filter filter, double diameter)
    {
        Image result = ImagePreparation.Blank(image.Channels, image.Height, image.Width);
        for (int c = 0; c < image.Channels; c++)
        {
            filter(image.Plane(c).ToArray(), image.Height, image.Width, diameter).CopyTo(result.Plane(c));
        }

        return result;
    }

    private static float[] Smooth(float[] plane, int height, int width, double sigma)
    {
        float[] result = [.. plane];
        SmoothField.Blur(result, height, width, sigma);
        return result;
    }

    private static float[] Subtract(float[] a, float[] b) => [.. a.Select((v, i) => v - b[i])];

    /// <summary>A power of the intensities between the first percentile and one and a half times the 99th.</summary>
    private static float[] Gamma(float[] plane, double power)
    {
        float[] sorted = [.. plane.Order()];
        (float low, float high) = (sorted[(int)(0.01 * (sorted.Length - 1))], sorted[(int)(0.99 * (sorted.Length - 1))]);
        return [.. plane.Select(v => (float)Math.Pow(Math.Clamp((v - low) / Math.Max(high - low, 1e-9f), 0, 1.5), power))];
    }

    /// <summary>What the plane is above its surroundings, in their standard deviations.</summary>
    private static float[] LocalContrast(float[] plane, int height, int width, double sigma)
    {
        float[] above = Subtract(plane, Smooth(plane, height, width, sigma));
        float[] variance = Smooth([.. above.Select(v => v * v)], height, width, sigma);

        // Flat places stay flat.
        float floor = 0.1f * variance.Average();
        return [.. above.Select((v, i) => v / MathF.Sqrt(variance[i] + floor + 1e-12f))];
    }
}
