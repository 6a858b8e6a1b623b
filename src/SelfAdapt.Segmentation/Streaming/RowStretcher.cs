using SelfAdapt.Files;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>Resizes an image that comes in rows, from the top down, to another size.</summary>
internal sealed class RowStretcher(
    (int Height, int Width) from, (int Height, int Width) to, int threads, Action<Image> sink, int first = 0)
{
    private readonly (int First, int Last)[] _taps = Resampling.RowTaps(from.Height, to.Height);
    private Image? _pending;
    private int _pendingTop = Resampling.RowTaps(from.Height, to.Height)[first].First;
    private int _next = first;

    /// <summary>The row that must come in next.</summary>
    public int Expected => _pendingTop + (_pending?.Height ?? 0);

    public void Add(Image rows)
    {
        if (from == to)
        {
            sink(rows);
            return;
        }

        Image all = Joined(rows);
        int have = _pendingTop + all.Height;
        int end = _next;
        while (end < to.Height && _taps[end].Last < have)
        {
            end++;
        }

        if (end > _next)
        {
            sink(Resize(all, end - _next));
            _next = end;
        }

        int keepFrom = end < to.Height ? Math.Min(_taps[end].First, have) : have;
        _pending = keepFrom < have ? Rows(all, keepFrom - _pendingTop) : null;
        _pendingTop = keepFrom;
    }

    private Image Joined(Image rows)
    {
        if (_pending is null)
        {
            return rows;
        }

        Image all = ImagePreparation.Blank(rows.Channels, _pending.Height + rows.Height, rows.Width);
        ImagePreparation.CopyPart(_pending, 0, 0, all, 0, 0, _pending.Height, rows.Width);
        ImagePreparation.CopyPart(rows, 0, 0, all, _pending.Height, 0, rows.Height, rows.Width);
        return all;
    }

    private Image Resize(Image source, int count)
    {
        Image result = ImagePreparation.Blank(source.Channels, count, to.Width);
        int length = source.Height * source.Width;
        for (int c = 0; c < source.Channels; c++)
        {
            Resampling.LinearRows(
                source.Pixels.AsMemory(c * length, length), _pendingTop, from.Height, from.Width,
                result.Pixels.AsMemory(c * count * to.Width, count * to.Width), _next, count, to.Height, to.Width,
                threads);
        }

        return result;
    }

    private static Image Rows(Image image, int first)
    {
        Image result = ImagePreparation.Blank(image.Channels, image.Height - first, image.Width);
        ImagePreparation.CopyPart(image, first, 0, result, 0, 0, result.Height, image.Width);
        return result;
    }
}
