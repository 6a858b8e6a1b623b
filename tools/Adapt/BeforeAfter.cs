using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using SelfAdapt.Autodiff;
using SelfAdapt.Compute;
using SelfAdapt.Imaging;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;
using SelfAdapt.Training;

namespace SelfAdapt.Tool;

/// <summary>Masks and a picture of a few images before and after a run, for people to look at.</summary>
internal sealed class BeforeAfter
{
    private const int Shown = 6;

    private readonly AdaptationJob _job;
    private readonly IReadOnlyList<(string Name, Image Image, LabelImage? Truth)> _images;

    /// <summary>Chooses the images: labelled ones where there are some, else held-out ones.</summary>
    /// <param name="job">The run.</param>
    /// <param name="validation">The images held out.</param>
    public BeforeAfter(AdaptationJob job, IReadOnlyList<NamedImage> validation)
    {
        _job = job;
        _images = job.Labelled.Count > 0
            ? [.. job.Labelled.Take(Shown).Select(l => (l.Name, l.Image, (LabelImage?)l.Masks))]
            : [.. validation.Take(Shown).Select(v => (v.Name, v.Image, (LabelImage?)null))];
    }

    /// <summary>
    /// Segments with the source's weights and with the kept ones, and writes masks and picture.
    /// </summary>
    /// <param name="terminal">Progress.</param>
    /// <param name="backend">Where it runs.</param>
    /// <param name="kept">The weights that the run kept.</param>
    public void Write(Terminal terminal, Backend backend, WeightSnapshot kept)
    {
        terminal.Progress.Step($"masks before and after: {_images.Count}");
        using NetworkWeights weights = new(_job.Network, backend);
        using EngineNetwork network = new(weights, backend);
        Segmenter segmenter = new(network, _job.Segmentation);
        LabelImage[] before = [.. _images.Select(i => segmenter.Segment(i.Image, i.Name).Masks)];
        weights.Upload(kept.Parameters, kept.Statistics);
        LabelImage[] after = [.. _images.Select(i => segmenter.Segment(i.Image, i.Name).Masks)];
        WriteMasks("before", before);
        WriteMasks("after", after);
        BeforeAfterPicture.Write(
            RunFolder.Picture(_job.Out),
            [.. _images.Select((image, i) => new BeforeAfterPanel(
                image.Name, image.Image, before[i], after[i], Caption("before", before[i], image.Truth),
                Caption("after", after[i], image.Truth)))]);
        terminal.Progress.Finish();
    }

    private static string Caption(string when, LabelImage masks, LabelImage? truth)
    {
        string cells = FormattableString.Invariant($"{when}: {CellGeometry.Count(masks)} cells");
        return truth is null
            ? cells
            : cells + FormattableString.Invariant(
                $", AP50 {InstanceMatching.Match(truth, masks, 0.5).AveragePrecision:0.000}");
    }

    private void WriteMasks(string when, LabelImage[] masks)
    {
        string folder = Path.Combine(_job.Out, "masks_" + when);
        OutputFolder.RequireWritable(folder);
        for (int i = 0; i < masks.Length; i++)
        {
            LabelFile.WriteTiff(Path.Combine(folder, _images[i].Name + "_cp_masks.tif"), masks[i]);
        }
    }
}
