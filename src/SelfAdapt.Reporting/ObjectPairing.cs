using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Reporting;

/// <summary>Which objects of two segmentations of the same image are the same object.</summary>
internal sealed class ObjectPairing
{
    private const double SameObject = 0.5;

    private ObjectPairing(HashSet<int> before, HashSet<int> after) => (Before, After) = (before, after);

    /// <summary>Labels before that have a partner after.</summary>
    public IReadOnlySet<int> Before { get; }

    /// <summary>Labels after that have a partner before.</summary>
    public IReadOnlySet<int> After { get; }

    /// <summary>Pairs objects whose intersection over union is at least 0.5.</summary>
    public static ObjectPairing Of(LabelImage before, LabelImage after)
    {
        OverlapTable table = OverlapTable.Compare(before, after);
        List<Overlap> same = table.Overlaps.FindAll(o => o.Iou >= SameObject);
        return new(
            [.. same.Select(o => table.TrueLabels[o.True])],
            [.. same.Select(o => table.PredictedLabels[o.Predicted])]);
    }
}
