using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Results;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Image = SelfAdapt.Files.Image;

namespace SelfAdapt.Reporting;

/// <summary>One image with what a model found in it before and after adaptation.</summary>
/// <param name="Before">Objects found before, same size as the image.</param>
/// <param name="After">Objects found after, same size as the image.</param>
internal sealed record BeforeAfterPanel(Image Image, LabelImage Before, LabelImage After);

/// <summary>
/// Draws an image twice, with the outlines found before adaptation on the left and those found after on the
/// right. Yellow: found both times (intersection over union at least 0.5). Magenta: only before. Green: only
/// after. Names and numbers stand in the report.
/// </summary>
internal static class BeforeAfterPicture
{
    private const int WantedHalf = 512;
    private const int WidestHalf = 900;
    private const int LargestZoom = 6;
    private const int Gap = 8;

    private static readonly Rgb24 Ground = new(22, 24, 29);
    private static readonly Rgb24 Both = new(255, 214, 0);
    private static readonly Rgb24 OnlyBefore = new(255, 64, 220);
    private static readonly Rgb24 OnlyAfter = new(60, 255, 90);

    /// <summary>Draws panels below each other, as the content of a PNG file.</summary>
    /// <param name="channel">The channel shown as gray; null for the mean of all.</param>
    public static byte[] EncodePng(IReadOnlyList<BeforeAfterPanel> panels, int? channel = null)
    {
        if (panels.Count == 0)
        {
            throw new ArgumentException("There is no image to draw.");
        }

        foreach (BeforeAfterPanel panel in panels)
        {
            Check(panel, channel);
        }

        ShownSize[] sizes = [.. panels.Select(p => ShownSize.For(p.Image.Height, p.Image.Width))];
        using Image<Rgb24> sheet = new(
            (2 * sizes.Max(s => s.Width)) + (3 * Gap), sizes.Sum(s => s.Height + Gap) + Gap, Ground);
        int top = Gap;
        foreach ((BeforeAfterPanel panel, ShownSize size) in panels.Zip(sizes))
        {
            byte[] gray = GrayRendering.Stretch(panel.Image, channel);
            ObjectPairing pairs = ObjectPairing.Of(panel.Before, panel.After);
            DrawHalf(sheet, Gap, top, size, gray, panel.Before, pairs.Before, OnlyBefore);
            DrawHalf(sheet, size.Width + (2 * Gap), top, size, gray, panel.After, pairs.After, OnlyAfter);
            top += size.Height + Gap;
        }

        return PngPicture.Encode(sheet);
    }

    /// <summary>Draws panels as <see cref="EncodePng"/> does and writes the PNG file.</summary>
    /// <param name="channel">The channel shown as gray; null for the mean of all.</param>
    public static void Write(string path, IReadOnlyList<BeforeAfterPanel> panels, int? channel = null)
        => OutputFile.Write(path, EncodePng(panels, channel));

    private static void Check(BeforeAfterPanel panel, int? channel)
    {
        foreach (LabelImage labels in (LabelImage[])[panel.Before, panel.After])
        {
            if (labels.Height != panel.Image.Height || labels.Width != panel.Image.Width)
            {
                throw new ArgumentException(
                    $"Labels of {labels.Height}x{labels.Width} pixels don't belong to an image "
                    + $"of {panel.Image.Height}x{panel.Image.Width}.");
            }
        }

        if (channel is { } c && (c < 0 || c >= panel.Image.Channels))
        {
            throw new ArgumentException($"There is no channel {c} among {panel.Image.Channels}.");
        }
    }

    private static void DrawHalf(
        Image<Rgb24> sheet, int left, int top, ShownSize size, byte[] gray, LabelImage labels,
        IReadOnlySet<int> paired, Rgb24 unpaired)
    {
        for (int y = 0; y < size.Height; y++)
        {
            for (int x = 0; x < size.Width; x++)
            {
                byte value = size.MeanAt(gray, labels.Width, x, y);
                int label = size.At(labels, x, y);
                bool outline = label != 0 && (size.At(labels, x - 1, y) != label
                    || size.At(labels, x + 1, y) != label
                    || size.At(labels, x, y - 1) != label || size.At(labels, x, y + 1) != label);
                sheet[left + x, top + y] =
                    !outline ? new Rgb24(value, value, value) : paired.Contains(label) ? Both : unpaired;
            }
        }
    }

    /// <summary>How an image is fitted to the sheet: whole-number magnification or reduction.</summary>
    private sealed record ShownSize(
        int Height, int Width, int SourceHeight, int SourceWidth, int Zoom, int Reduction)
    {
        public static ShownSize For(int height, int width)
        {
            int zoom = Math.Clamp(WantedHalf / width, 1, LargestZoom);
            int reduction = zoom > 1 ? 1 : (width + WidestHalf - 1) / WidestHalf;
            return new(
                Math.Max(1, height * zoom / reduction), Math.Max(1, width * zoom / reduction), height, width,
                zoom, reduction);
        }

        public int At(LabelImage labels, int x, int y)
        {
            if (x < 0 || y < 0 || x >= Width || y >= Height)
            {
                // The image's border is no outline: cells go on behind it.
                (x, y) = (Math.Clamp(x, 0, Width - 1), Math.Clamp(y, 0, Height - 1));
            }

            return labels.Labels[(y / Zoom * Reduction * SourceWidth) + (x / Zoom * Reduction)];
        }

        public byte MeanAt(byte[] gray, int stride, int x, int y)
        {
            if (Reduction == 1)
            {
                return gray[(y / Zoom * stride) + (x / Zoom)];
            }

            int sum = 0;
            for (int dy = 0; dy < Reduction; dy++)
            {
                int row = Math.Min((y * Reduction) + dy, SourceHeight - 1) * stride;
                for (int dx = 0; dx < Reduction; dx++)
                {
                    sum += gray[row + Math.Min((x * Reduction) + dx, SourceWidth - 1)];
                }
            }

            return (byte)(sum / (Reduction * Reduction));
        }
    }
}
