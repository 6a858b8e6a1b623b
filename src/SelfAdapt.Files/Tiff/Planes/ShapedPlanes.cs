using System.Globalization;
using System.Text.Json;

namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>
/// tifffile's description of an array, <c>{"shape": [3, 40, 50], "axes": "TYX"}</c>: its last axes are a page, the
/// others
/// count the pages, or the planes behind a lone page.
/// </summary>
internal static class ShapedPlanes
{
    private const string Source = "tifffile";
    private const int MostChannels = 4;
    private const int MostFoldedChannels = 10;
    private const int LeastFolds = 3;

    /// <returns>Null if the first page tells no shape, or none that the file has.</returns>
    public static PlaneOrder? TryRead(TiffPages pages)
    {
        List<long[]> images = [];
        PlaneOrder? first = null;
        for (int page = 0; page < pages.Pages.Count;)
        {
            // Arrays that were written one after the other each have a description on their first page.
            if (ReadArray(pages, page) is not { } array || (array.IsFolded && first is { IsFolded: false }))
            {
                return null;
            }

            int start = page;
            images.AddRange(array.Images.Select(image => Array.ConvertAll(image, plane => plane + start)));
            first ??= array;
            page += pages.CanBeFollowed ? 1 : Math.Max(1, (int)array.Planes / pages.Pages[page].Slices);
        }

        return first! with { Images = images };
    }

    private static PlaneOrder? ReadArray(TiffPages pages, int at)
    {
        TiffPage page = pages.Pages[at];
        if (Parse(pages.Directories[at].Text(TiffTag.ImageDescription)) is not var (shape, axes))
        {
            return null;
        }

        // A page is the shape's last two axes, and the channels that are stored in it, wherever they stand.
        long samples = pages.Directories[at].NumberOr(TiffTag.SamplesPerPixel, 1);
        bool planar = samples > 1 && pages.Directories[at].NumberOr(TiffTag.PlanarConfiguration, 1) == 2;
        while (samples == 1 && shape.Count > 2 && shape[^1] == 1 && page.Width != 1)
        {
            shape.RemoveAt(shape.Count - 1);
            axes = axes?[..^1];
        }

        long[] own = samples == 1 ? [page.Height, page.Width]
            : planar ? [samples, page.Height, page.Width]
            : [page.Height, page.Width, samples];
        if (shape.Count < own.Length || !shape[^own.Length..].SequenceEqual(own))
        {
            return null;
        }

        long planes = Product(shape[..^own.Length]);
        bool fits = planes <= pages.Pages.Count - at || planes == page.Slices
            || (pages.CanBeFollowed && pages.CanHold(planes));
        if (planes < 1 || !fits)
        {
            return null;
        }

        return samples == 1 && IsFolded(shape, axes)
            ? Folded(shape)
            : Arranged(shape[..^own.Length], axes?[..^own.Length], page.Channels == 1);
    }

    /// <summary>Whether the last axis is the channels, so that a page is one row of the image.</summary>
    private static bool IsFolded(List<long> shape, string? axes) => shape.Count >= 3 && (axes is not null
        ? axes[^1] is 'C' or 'S'
        : shape[^1] is > 1 and <= MostFoldedChannels
            && Math.Min(shape[^2], shape[^3]) >= LeastFolds * shape[^1]);

    private static PlaneOrder Folded(List<long> shape)
    {
        long rows = shape[^3];
        PlaneOrder order = PlaneOrder.Regular(
            Source, Product(shape[..^2]), (int)rows, (position, row) => (position * rows) + row);
        return order with { IsFolded = true, Positions = order.Images.Count };
    }

    private static PlaneOrder Arranged(List<long> shape, string? axes, bool isGray)
    {
        long planes = Product(shape);
        axes ??= new string(isGray && planes <= MostChannels ? 'C' : 'Q', shape.Count);
        List<int> channelAxes = [.. Enumerable.Range(0, shape.Count).Where(a => axes[a] is 'C' or 'S')];
        List<int> imageAxes = [.. Enumerable.Range(0, shape.Count).Except(channelAxes)];
        int channels = (int)Product([.. channelAxes.Select(a => shape[a])]);
        PlaneOrder order = PlaneOrder.Regular(
            Source, planes, channels,
            (position, channel) => Offset(position, imageAxes) + Offset(channel, channelAxes));
        int times = Count('T');
        int slices = Count('Z');
        return order with
        {
            Times = times,
            Slices = slices,
            Positions = order.Images.Count / (times * slices),
            TimesFirst = axes.LastIndexOf('T') > axes.LastIndexOf('Z'),
        };

        int Count(char axis) => (int)Product([.. imageAxes.Where(a => axes[a] == axis).Select(a => shape[a])]);

        long Offset(long index, List<int> along)
        {
            long offset = 0;
            foreach (int axis in Enumerable.Reverse(along))
            {
                (index, long place) = Math.DivRem(index, shape[axis]);
                offset += place * Product(shape[(axis + 1)..]);
            }

            return offset;
        }
    }

    private static long Product(IReadOnlyCollection<long> sizes)
    {
        Int128 product = 1;
        foreach (long size in sizes)
        {
            product = Math.Max(0, size) * Int128.Min(product, ImageLimits.StreamedSamples);
        }

        return (long)Int128.Min(product, ImageLimits.StreamedSamples);
    }

    private static (List<long> Shape, string? Axes)? Parse(string description)
    {
        // Before 2014 it was "shape=(3, 40, 50)".
        if (description.StartsWith("shape=(", StringComparison.Ordinal))
        {
            string[] sizes = description[7..].TrimEnd(')', ' ').Split(',', StringSplitOptions.RemoveEmptyEntries);
            return Array.TrueForAll(sizes, s => long.TryParse(s, CultureInfo.InvariantCulture, out _))
                ? ([.. sizes.Select(s => long.Parse(s, CultureInfo.InvariantCulture))], null)
                : null;
        }

        if (!description.StartsWith('{') || !description.Contains("\"shape\"", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(description);
            if (!json.RootElement.TryGetProperty("shape", out JsonElement shape)
                || shape.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            List<long> sizes = [.. shape.EnumerateArray().Select(s => s.TryGetInt64(out long size) ? size : 0)];
            string? axes = json.RootElement.TryGetProperty("axes", out JsonElement letters)
                && letters.ValueKind == JsonValueKind.String && letters.GetString()!.Length == sizes.Count
                ? letters.GetString()
                : null;
            return (sizes, axes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
