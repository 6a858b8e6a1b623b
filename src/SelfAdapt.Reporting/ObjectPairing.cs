using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Reporting;

/// <summary>Which objects of two segmentations of the same image are the same object.</summary>
/// <param name="Before">Labels before that have a partner after.</param>
/// <param name="After">Labels after that have a partner before.</param>
internal sealed record ObjectPairing(IReadOnlySet<int> Before, IReadOnlySet<int> After)
{
    private const double SameObject = 0.5;

    /// <summary>Pairs objects whose intersection over union is at least 0.5.</summary>
    public static ObjectPairing Of(LabelImage before, LabelImage after)
    {
        OverlapTable table = OverlapTable.Compare(before, after);
        List<Overlap> same = table.Overlaps.FindAll(o => o.Iou >= SameObject);
        return new(
            same.Select(o => table.TrueLabels[o.True]).ToHashSet(),
            same.Select(o => table.PredictedLabels[o.Predicted]).ToHashSet());
    }
}
