using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files;

namespace SelfAdapt.Adaptation.Finding;

/// <summary>Images that look alike.</summary>
/// <param name="Look">Their mean.</param>
/// <param name="Members">Their places among all images, ascending.</param>
internal sealed record ImageKind(ImageLook Look, IReadOnlyList<int> Members);

/// <summary>
/// The kinds of images in a folder. Two kinds are told apart where they are far from each other, each image is clearly
/// nearer to its own, and neither is a handful of strays; else all are one kind (docs/method.md has the measurements).
/// </summary>
internal static class ImageKinds
{
    // Real folders of one kind are at most .23 apart when cut in two, mixed ones at least .40.
    private const double LeastDistance = 0.3;

    // How much nearer images are to their own kind, of the distance to the other, on average.
    private const double LeastClearness = 0.75;

    private const double LeastFraction = 0.05;
    private const int FewestImages = 3;
    private const int Rounds = 50;

    /// <summary>Sorts images into kinds.</summary>
    /// <returns>At least one kind, the largest first; every image is in one.</returns>
    public static IReadOnlyList<ImageKind> Of(IReadOnlyList<Image> images) => Of([.. images.Select(ImageLook.Of)]);

    /// <summary>The same by what they look like.</summary>
    public static IReadOnlyList<ImageKind> Of(IReadOnlyList<ImageLook> looks)
    {
        int fewest = Math.Max(FewestImages, (int)Math.Ceiling(LeastFraction * looks.Count));
        List<ImageKind> kinds = [];
        Stack<int[]> open = new([[.. Enumerable.Range(0, looks.Count)]]);
        while (open.TryPop(out int[]? members))
        {
            if (Cut(looks, members, fewest) is var (one, other))
            {
                open.Push(one);
                open.Push(other);
            }
            else
            {
                kinds.Add(new(ImageLook.Mean([.. members.Select(m => looks[m])]), members));
            }
        }

        return [.. kinds.OrderByDescending(k => k.Members.Count).ThenBy(k => k.Members[0])];
    }

    /// <summary>The kind that an image is nearest to.</summary>
    public static int Nearest(IReadOnlyList<ImageKind> kinds, Image image)
    {
        ImageLook look = ImageLook.Of(image);
        return Enumerable.Range(0, kinds.Count).MinBy(k => kinds[k].Look.DistanceTo(look));
    }

    /// <summary>Two kinds by 2-means from the two that are furthest apart, or nearly so; null where they are one.</summary>
    private static (int[] One, int[] Other)? Cut(IReadOnlyList<ImageLook> looks, int[] members, int fewest)
    {
        if (members.Length < 2 * fewest)
        {
            return null;
        }

        ImageLook mean = ImageLook.Mean([.. members.Select(m => looks[m])]);
        ImageLook a = looks[members.MaxBy(m => looks[m].DistanceTo(mean))];
        ImageLook b = looks[members.MaxBy(m => looks[m].DistanceTo(a))];
        (int[] one, int[] other) = ([], []);
        for (int round = 0; round < Rounds; round++)
        {
            ILookup<bool, int> nearest = members.ToLookup(m => looks[m].DistanceTo(a) <= looks[m].DistanceTo(b));
            (int[] nowOne, int[] nowOther) = ([.. nearest[true]], [.. nearest[false]]);
            if (nowOne.Length < fewest || nowOther.Length < fewest)
            {
                return null;
            }

            bool settled = nowOne.AsSpan().SequenceEqual(one);
            (one, other) = (nowOne, nowOther);
            if (settled)
            {
                break;
            }

            a = ImageLook.Mean([.. one.Select(m => looks[m])]);
            b = ImageLook.Mean([.. other.Select(m => looks[m])]);
        }

        double clearness = members.Average(m =>
        {
            (double x, double y) = (looks[m].DistanceTo(a), looks[m].DistanceTo(b));
            return Math.Abs(x - y) / Math.Max(Math.Max(x, y), double.Epsilon);
        });
        return a.DistanceTo(b) >= LeastDistance && clearness >= LeastClearness ? (one, other) : null;
    }
}
