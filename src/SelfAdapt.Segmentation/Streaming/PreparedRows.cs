using SelfAdapt.Files;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// Rows of an image as the network sees them: what <see cref="ImagePreparation.Prepare"/> gives for the whole, a few rows
/// at a time and bit for bit the same.
/// </summary>
internal sealed class PreparedRows
{
    private const int ValuesPerRead = 1 << 22;

    private readonly IRowSource _image;
    private readonly SegmentationOptions _options;
    private readonly string _source;
    private readonly ChannelScale[] _scales;
    private readonly (int First, int Last)[] _taps;

    private PreparedRows(
        IRowSource image, SegmentationOptions options, int channels, string source, ChannelScale[] scales)
    {
        (_image, _options, Channels, _source, _scales) = (image, options, channels, source, scales);
        (Height, Width) = ImagePreparation.Rescaled(
            image.Height, image.Width, channels, options.Rescale, long.MaxValue, source);
        _taps = Resampling.RowTaps(image.Height, Height);
    }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Reads the image once, or twice, for its intensities.</summary>
    public static PreparedRows Measure(
        IRowSource image, SegmentationOptions options, int inputChannels, string source, CancellationToken cancelled)
    {
        IntensityCollector[] collectors = [.. Enumerable.Range(0, inputChannels).Select(
            _ => new IntensityCollector(
                options.Normalization, options.Invert, 1, image.Height, image.Width))];
        int step = Math.Clamp(ValuesPerRead / image.Width / image.Channels, 1, image.Height);
        for (int pass = 0; pass < IntensityCollector.Passes(options.Normalization); pass++)
        {
            for (int row = 0; row < image.Height; row += step)
            {
                cancelled.ThrowIfCancellationRequested();
                Image rows = Select(image, row, Math.Min(step, image.Height - row), options, inputChannels, source);
                for (int c = 0; c < inputChannels; c++)
                {
                    collectors[c].Add(rows.Plane(c), pass);
                }
            }
        }

        return collectors.All(c => c.IsConstant)
            ? throw new SelfAdaptException(
                ErrorKind.UnreadableInput, source, $"every pixel has the same value: there is nothing to see.")
            : new PreparedRows(
                image, options, inputChannels, source, Array.ConvertAll(collectors, c => c.Finish()));
    }

    public Image Read(int first, int count)
    {
        int from = _taps[first].First;
        int to = _taps[first + count - 1].Last;
        Image rows = Select(_image, from, to - from + 1, _options, Channels, _source);
        Image result = ImagePreparation.Blank(Channels, count, Width);
        int length = rows.Height * rows.Width;
        for (int c = 0; c < Channels; c++)
        {
            _scales[c].Apply(rows.Plane(c));
            Resampling.LinearRows(
                rows.Pixels.AsMemory(c * length, length), from, _image.Height, _image.Width,
                result.Pixels.AsMemory(c * count * Width, count * Width), first, count, Height, Width, _options.Threads);
        }

        return result;
    }

    private static Image Select(
        IRowSource image, int row, int count, SegmentationOptions options, int inputChannels, string source)
    {
        Image selected =
            ImagePreparation.SelectChannels(image.Read(row, count), options.Channels, inputChannels, source);
        ImagePreparation.RequireFinite(selected, source, row);
        return selected;
    }
}
