using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Results;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Runs;

/// <summary>Masks and a picture of some images before and after a run, for people to look at.</summary>
internal sealed class BeforeAfter
{
    private const int InPicture = 6;
    private const int MostImages = 24;

    // At the network's scale: about two minutes on two cores with a full-size network.
    private const double MostPixels = 24 * 512 * 512;

    private readonly AdaptationJob _job;
    private readonly List<(string Name, Image Image, LabelImage? Truth)> _images;

    /// <summary>Chooses the images: all labelled ones, then those that checks looked at, then others.</summary>
    /// <param name="looked">The images that checks looked at.</param>
    public BeforeAfter(AdaptationJob job, IReadOnlyList<NamedImage> looked)
    {
        _job = job;
        _images = Choose(
            [
                .. job.Labelled.Select(l => (l.Name, l.Image, (LabelImage?)l.Masks)),
                .. looked.Concat(job.Images).Select(v => (v.Name, v.Image, (LabelImage?)null)),
            ],
            job.Segmentation.Rescale);
    }

    /// <summary>The channel that pictures show, 0-based; null for the mean of all.</summary>
    public int? Channel => _job.Segmentation.Channels.First > 0 ? _job.Segmentation.Channels.First - 1 : null;

    /// <summary>How many images were chosen.</summary>
    public int Chosen => _images.Count;

    /// <summary>
    /// Segments with the source's weights and with the kept ones, and writes masks, images and picture. Ctrl-C ends it
    /// after the image that it is at; where it ended the training already, only a second one does, with the program.
    /// </summary>
    /// <param name="gamma">The power of intensities that the source saw.</param>
    /// <param name="kept">The checkpoint that the run kept; null: the source itself.</param>
    /// <param name="rejected">The best checkpoint that was not kept, for the report alone; null: none.</param>
    /// <returns>The images with their segmentations; fewer than chosen after Ctrl-C.</returns>
    public IReadOnlyList<ReportSample> Write(
        Terminal terminal, Backend backend, double gamma, JudgedWeights? kept, JudgedWeights? rejected)
    {
        CancellationToken cancelled =
            terminal.Cancelled.IsCancellationRequested ? CancellationToken.None : terminal.Cancelled;
        using NetworkWeights weights = new(_job.Network, backend);
        using EngineNetwork network = new(weights, backend);
        List<ReportSample> samples = [];
        foreach ((string name, Image image, LabelImage? truth) in _images)
        {
            terminal.Progress.Step(Progress(samples.Count));
            if (cancelled.IsCancellationRequested)
            {
                break;
            }

            weights.Upload(_job.Network.InitialParameters, _job.Network.InitialStatistics);
            LabelImage before = Masks(gamma);
            samples.Add(new ReportSample(name, image, before, With(kept) ?? before, truth) { Rejected = With(rejected) });

            LabelImage Masks(double power) =>
                new Segmenter(network, _job.Segmentation with { Gamma = power }).Segment(image, name).Masks;

            LabelImage? With(JudgedWeights? other)
            {
                if (other is null)
                {
                    return null;
                }

                weights.Upload(other.Weights.Parameters, other.Weights.Statistics);
                return Masks(other.Point.Gamma);
            }
        }

        terminal.Progress.Finish();
        WriteFiles(samples);
        if (samples.Count > 0)
        {
            BeforeAfterPicture.Write(
                RunFolder.Picture(_job.Out),
                [.. samples.Take(InPicture).Select(s => new BeforeAfterPanel(s.Image, s.Before, s.After))]);
        }

        return samples;

        string Progress(int done) => FormattableString.Invariant($"masks before and after: {done} of {_images.Count}");
    }

    /// <summary>
    /// The diameter of the images' cells as the kept weights find them, px: the median over images of each image's
    /// median cell, as Cellpose measures it (docs/cellpose.md 5.5); null without cells.
    /// </summary>
    public static double? DiameterOf(IEnumerable<ReportSample> samples)
    {
        double diameter = CellGeometry.MedianDiameter(samples.Select(s => s.After));
        return diameter > 0 ? diameter : null;
    }

    /// <summary>
    /// As many as are worth the time, none twice; the picture's share and all labelled ones always, so that the precision
    /// is that of the log.
    /// </summary>
    private static List<(string Name, Image Image, LabelImage? Truth)> Choose(
        IReadOnlyList<(string Name, Image Image, LabelImage? Truth)> candidates, double rescale)
    {
        List<(string Name, Image Image, LabelImage? Truth)> chosen = [];
        HashSet<Image> seen = [];
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        double pixels = 0;
        foreach ((string name, Image image, LabelImage? truth) in candidates)
        {
            double more = image.Height * rescale * image.Width * rescale;
            bool fits = truth is not null || chosen.Count < InPicture || (chosen.Count < MostImages && pixels + more <= MostPixels);
            if (fits && !seen.Contains(image) && names.Add(name))
            {
                seen.Add(image);
                chosen.Add((name, image, truth));
                pixels += more;
            }
        }

        return chosen;
    }

    private void WriteFiles(IReadOnlyList<ReportSample> samples)
    {
        (string shown, string before, string after) = (
            RunFolder.Shown(_job.Out), RunFolder.MasksBefore(_job.Out), RunFolder.MasksAfter(_job.Out));
        foreach (string folder in (string[])[shown, before, after])
        {
            OutputFolder.RequireWritable(folder);
        }

        foreach (ReportSample sample in samples)
        {
            GrayRendering.WritePng(Path.Combine(shown, sample.Name + ".png"), sample.Image, Channel);
            LabelFile.WriteTiff(Path.Combine(before, RunFolder.MaskFile(sample.Name)), sample.Before);
            LabelFile.WriteTiff(Path.Combine(after, RunFolder.MaskFile(sample.Name)), sample.After);
        }
    }
}
