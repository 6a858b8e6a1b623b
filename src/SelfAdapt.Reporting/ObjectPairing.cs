using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Files;

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
        Dictionary<int, int> beforeArea = [];
        Dictionary<int, int> afterArea = [];
        Dictionary<(int Before, int After), int> shared = [];
        for (int i = 0; i < before.Labels.Length; i++)
        {
            (int b, int a) = (before.Labels[i], after.Labels[i]);
            beforeArea[b] = beforeArea.GetValueOrDefault(b) + 1;
            afterArea[a] = afterArea.GetValueOrDefault(a) + 1;
            if (b != 0 && a != 0)
            {
                shared[(b, a)] = shared.GetValueOrDefault((b, a)) + 1;
            }
        }

        List<(int Before, int After)> pairs = [.. shared
            .Where(s => s.Value >= SameObject * (beforeArea[s.Key.Before] + afterArea[s.Key.After] - s.Value))
            .Select(s => s.Key)];
        return new([.. pairs.Select(p => p.Before)], [.. pairs.Select(p => p.After)]);
    }
}
