using System.Globalization;
using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Results;

namespace SelfAdapt.Reporting;

/// <summary>
/// A part of an image twice, as inline SVG over one gray picture: outlines before and after, those of cells that are
/// only before (lost) or only after (gained) marked.
/// </summary>
internal static class OutlineFigure
{
    /// <summary>Side of the largest part that is shown, px.</summary>
    public const int Window = 384;

    private const int GridStep = 32;

    /// <param name="id">A word that no other figure of the page has.</param>
    /// <param name="channel">The channel shown; null for the mean of all.</param>
    /// <param name="models">What the two are called; null: before and after.</param>
    /// <param name="place">Decides which part of a large image is shown, 0 to 1; null: that which changed most.</param>
    public static string Draw(
        SampleChange change, string id, int? channel, (double Y, double X)? place, ComparedModels? models = null)
    {
        models ??= ComparedModels.BeforeAndAfter;
        Image image = change.Sample.Image;
        int height = Math.Min(Window, image.Height);
        int width = Math.Min(Window, image.Width);
        (int top, int left) = place is { } p
            ? ((int)(p.Y * (image.Height - height + 1)), (int)(p.X * (image.Width - width + 1)))
            : MostChanged(change, height, width);
        LabelRegion part = new() { Top = top, Left = left, Bottom = top + height - 1, Right = left + width - 1 };
        byte[] gray = GrayRendering.Stretch(image, channel is { } c && c < image.Channels ? c : null);
        byte[] shown = new byte[height * width];
        for (int y = 0; y < height; y++)
        {
            gray.AsSpan(((top + y) * image.Width) + left, width).CopyTo(shown.AsSpan(y * width));
        }

        string png = Convert.ToBase64String(PngPicture.Encode(height, width, shown));
        string box = string.Create(CultureInfo.InvariantCulture, $"{left} {top} {width} {height}");
        string picture = string.Create(
            CultureInfo.InvariantCulture,
            $"<image id=\"{id}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" "
            + $"href=\"data:image/png;base64,{png}\"/>");
        return Half(models.First, change.Before.Count, box, picture,
                Paths(change.Sample.Before, change.Before, change.Pairs.Before, "lost", part))
            + Half(models.Second, change.After.Count, box, $"<use href=\"#{id}\"/>",
                Paths(change.Sample.Compared, change.After, change.Pairs.After, "gained", part));
    }

    public static bool ShowsAll(Image image) => image.Height <= Window && image.Width <= Window;

    private static string Half(string when, int cells, string box, string picture, string paths) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"<figure><svg class=\"cells\" viewBox=\"{box}\" role=\"img\" aria-label=\"{when}: {cells} cells\">"
            + $"{picture}{paths}</svg><figcaption>{when}: {cells} cell{(cells == 1 ? "" : "s")}</figcaption></figure>");

    private static string Paths(
        LabelImage labels, IReadOnlyList<(int Label, LabelRegion Region)> cells, IReadOnlySet<int> paired,
        string unpaired, LabelRegion part)
    {
        OutlineTracer tracer = new(labels);
        StringBuilder same = new();
        StringBuilder changed = new();
        foreach ((int label, LabelRegion region) in cells)
        {
            if (region.Bottom < part.Top || region.Top > part.Bottom || region.Right < part.Left
                || region.Left > part.Right)
            {
                continue;
            }

            StringBuilder path = paired.Contains(label) ? same : changed;
            foreach (OutlinePoint[] ring in tracer.Polygons(label, region).SelectMany(polygon => polygon))
            {
                Append(path, ring);
            }
        }

        return $"<path class=\"same\" d=\"{same}\"/><path class=\"{unpaired}\" d=\"{changed}\"/>";
    }

    /// <summary>Rings run along pixel edges: each edge needs one number, its length.</summary>
    private static void Append(StringBuilder path, OutlinePoint[] ring)
    {
        path.Append(CultureInfo.InvariantCulture, $"M{ring[0].X} {ring[0].Y}");
        for (int i = 1; i < ring.Length; i++)
        {
            (int x, int y) = (ring[i].X - ring[i - 1].X, ring[i].Y - ring[i - 1].Y);
            path.Append(CultureInfo.InvariantCulture, $"{(x != 0 ? 'h' : 'v')}{(x != 0 ? x : y)}");
        }

        path.Append('z');
    }

    /// <summary>The window with the most pixels of cells that came or went.</summary>
    private static (int Top, int Left) MostChanged(SampleChange change, int height, int width)
    {
        (LabelImage before, LabelImage after) = (change.Sample.Before, change.Sample.After);
        HashSet<int> lost = [.. change.Before.Select(c => c.Label).Except(change.Pairs.Before)];
        HashSet<int> gained = [.. change.After.Select(c => c.Label).Except(change.Pairs.After)];
        int rows = ((before.Height - 1) / GridStep) + 1;
        int columns = ((before.Width - 1) / GridStep) + 1;
        long[] sums = new long[(rows + 1) * (columns + 1)];
        for (int i = 0; i < before.Labels.Length; i++)
        {
            int score = (lost.Contains(before.Labels[i]) ? 1 : 0) + (gained.Contains(after.Labels[i]) ? 1 : 0);
            (int y, int x) = Math.DivRem(i, before.Width);
            sums[(((y / GridStep) + 1) * (columns + 1)) + (x / GridStep) + 1] += score;
        }

        for (int y = 1; y <= rows; y++)
        {
            for (int x = 1; x <= columns; x++)
            {
                sums[(y * (columns + 1)) + x] +=
                    sums[((y - 1) * (columns + 1)) + x] + sums[(y * (columns + 1)) + x - 1]
                    - sums[((y - 1) * (columns + 1)) + x - 1];
            }
        }

        (int bestTop, int bestLeft, long best) = (0, 0, -1);
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < columns; x++)
            {
                (int bottom, int right) = (
                    Math.Min(rows, y + (height / GridStep)), Math.Min(columns, x + (width / GridStep)));
                long sum = sums[(bottom * (columns + 1)) + right] - sums[(y * (columns + 1)) + right]
                    - sums[(bottom * (columns + 1)) + x] + sums[(y * (columns + 1)) + x];
                if (sum > best)
                {
                    (bestTop, bestLeft, best) = (y * GridStep, x * GridStep, sum);
                }
            }
        }

        return (Math.Min(bestTop, before.Height - height), Math.Min(bestLeft, before.Width - width));
    }
}
