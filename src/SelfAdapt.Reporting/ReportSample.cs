using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Results;

namespace SelfAdapt.Reporting;

/// <summary>An image of a report with what was found in it.</summary>
/// <param name="Before">Cells found with the original model, same size as the image.</param>
/// <param name="After">Cells found with the kept model, same size as the image.</param>
/// <param name="Truth">Cells that people marked; null for an image without labels.</param>
internal sealed record ReportSample(string Name, Image Image, LabelImage Before, LabelImage After, LabelImage? Truth)
{
    /// <summary>Cells found with the best checkpoint of a run that kept the original; null where that is not shown.</summary>
    public LabelImage? Rejected { get; init; }

    /// <summary>What the original's cells are held against.</summary>
    public LabelImage Compared => Rejected ?? After;
}

/// <summary>A sample with what changed in it.</summary>
internal sealed class SampleChange
{
    public SampleChange(ReportSample sample)
    {
        LabelImage?[] all = [sample.Before, sample.After, sample.Truth, sample.Rejected];
        foreach (LabelImage labels in all.OfType<LabelImage>())
        {
            if (labels.Height != sample.Image.Height || labels.Width != sample.Image.Width)
            {
                throw new ArgumentException($"{sample.Name}: image and labels differ in size.");
            }
        }

        Sample = sample;
        Pairs = ObjectPairing.Of(sample.Before, sample.Compared);
        Before = [.. CellList.Of(sample.Before)];
        After = [.. CellList.Of(sample.Compared)];
    }

    public ReportSample Sample { get; }

    /// <summary>Which cells are the same before and after.</summary>
    public ObjectPairing Pairs { get; }

    public IReadOnlyList<(int Label, LabelRegion Region)> Before { get; }

    public IReadOnlyList<(int Label, LabelRegion Region)> After { get; }

    /// <summary>Cells without a partner after.</summary>
    public int Lost => Before.Count(c => !Pairs.Before.Contains(c.Label));

    /// <summary>Cells without a partner before.</summary>
    public int Gained => After.Count(c => !Pairs.After.Contains(c.Label));

    /// <summary>The part of all cells, before and after, that has no partner; 0 to 1.</summary>
    public double Changed => (Lost + Gained) / (double)Math.Max(1, Before.Count + After.Count);

    /// <summary>Diameters of discs with the cells' areas, px.</summary>
    public static IEnumerable<double> Diameters(IEnumerable<(int Label, LabelRegion Region)> cells) =>
        cells.Select(c => 2 * Math.Sqrt(c.Region.Area / Math.PI));
}
