using System;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>Resizes an image that comes in rows, from the top down, to another size.</summary>
internal sealed class RowStretcher
{
    private readonly (int Height, int Width) _from;
    private readonly (int Height, int Width) _to;
    private readonly int _threads;
    private readonly Action<Image> _sink;
    private readonly (int First, int Last)[] _taps;
    private Image? _pending;
    private int _pendingTop;
    private int _next;

    public RowStretcher(
        (int Height, int Width) from, (int Height, int Width) to, int threads, Action<Image> sink, int first = 0)
    {
        (_from, _to, _threads, _sink) = (from, to, threads, sink);
        _taps = Resampling.RowTaps(from.Height, to.Height);
        (_next, _pendingTop) = (first, _taps[first].First);
    }

    /// <summary>The row that must come in next.</summary>
    public int Expected => _pendingTop + (_pending?.Height ?? 0);

    public void Add(Image rows)
    {
        if (_from == _to)
        {
            _sink(rows);
            return;
        }

        Image all = Joined(rows);
        int have = _pendingTop + all.Height;
        int end = _next;
        while (end < _to.Height && _taps[end].Last < have)
        {
            end++;
        }

        if (end > _next)
        {
            _sink(Resize(all, end - _next));
            _next = end;
        }

        int keepFrom = end < _to.Height ? Math.Min(_taps[end].First, have) : have;
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
        Image result = ImagePreparation.Blank(source.Channels, count, _to.Width);
        int length = source.Height * source.Width;
        for (int c = 0; c < source.Channels; c++)
        {
            Resampling.LinearRows(
                source.Pixels.AsMemory(c * length, length), _pendingTop, _from.Height, _from.Width,
                result.Pixels.AsMemory(c * count * _to.Width, count * _to.Width), _next, count, _to.Height, _to.Width,
                _threads);
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
