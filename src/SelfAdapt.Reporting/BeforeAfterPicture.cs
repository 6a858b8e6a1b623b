using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Results;

namespace SelfAdapt.Reporting;

/// <summary>One image with what a model found in it before and after adaptation.</summary>
/// <param name="Title">The image's name; empty for no title line.</param>
/// <param name="Image">The pixels.</param>
/// <param name="Before">Objects found before, same size as the image.</param>
/// <param name="After">Objects found after, same size as the image.</param>
/// <param name="BeforeCaption">
/// Text above the left half, ASCII, such as "before: 12 cells, AP50 0.41".
/// </param>
/// <param name="AfterCaption">Text above the right half.</param>
public sealed record BeforeAfterPanel(
    string Title, Image Image, LabelImage Before, LabelImage After, string BeforeCaption,
    string AfterCaption);

/// <summary>
/// Draws an image twice, with the outlines found before adaptation on the left and those found after on the
/// right. Yellow: found both times (intersection over union at least 0.5). Magenta: only before. Green: only
/// after.
/// </summary>
public static class BeforeAfterPicture
{
    private const int WantedHalf = 512;
    private const int WidestHalf = 900;
    private const int LargestZoom = 6;
    private const int Gap = 8;

    private static readonly Rgb Ground = new(22, 24, 29);
    private static readonly Rgb Text = new(232, 234, 238);
    private static readonly Rgb DimText = new(150, 155, 165);
    private static readonly Rgb Both = new(255, 214, 0);
    private static readonly Rgb OnlyBefore = new(255, 64, 220);
    private static readonly Rgb OnlyAfter = new(60, 255, 90);

    /// <summary>Draws panels below each other and a legend, as the content of a PNG file.</summary>
    /// <param name="panels">The images, at least one.</param>
    /// <param name="channel">The channel shown as gray; null for the mean of all.</param>
    /// <exception cref="ArgumentException">
    /// No panel, labels of another size than their image, or a channel that an image does not have.
    /// </exception>
    public static byte[] EncodePng(IReadOnlyList<BeforeAfterPanel> panels, int? channel = null)
    {
        ArgumentNullException.ThrowIfNull(panels);
        if (panels.Count == 0)
        {
            throw new ArgumentException("There is no image to draw.");
        }

        foreach (BeforeAfterPanel panel in panels)
        {
            Check(panel, channel);
        }

        List<RgbCanvas> drawn = [.. panels.Select(p => DrawPanel(p, channel))];
        int width = drawn.Max(c => c.Width);
        int scale = TextScale(width / 2);
        int legend = (PixelFont.Height * scale) + (2 * Gap);
        RgbCanvas sheet = new(width, drawn.Sum(c => c.Height) + legend, Ground);
        int y = 0;
        foreach (RgbCanvas canvas in drawn)
        {
            sheet.Draw(canvas, 0, y);
            y += canvas.Height;
        }

        DrawLegend(sheet, y + Gap, scale);
        return sheet.EncodePng();
    }

    /// <summary>Draws panels as <see cref="EncodePng"/> does and writes the PNG file.</summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="panels">The images, at least one.</param>
    /// <param name="channel">The channel shown as gray; null for the mean of all.</param>
    /// <exception cref="ArgumentException">As <see cref="EncodePng"/>.</exception>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the file can't be written.</exception>
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

    private static RgbCanvas DrawPanel(BeforeAfterPanel panel, int? channel)
    {
        ShownSize size = ShownSize.For(panel.Image.Height, panel.Image.Width);
        byte[] gray = GrayRendering.Stretch(panel.Image, channel);
        ObjectPairing pairs = ObjectPairing.Of(panel.Before, panel.After);
        int scale = TextScale(size.Width);
        int line = (PixelFont.Height * scale) + Gap;
        int title = panel.Title.Length > 0 ? line : 0;
        int top = title + line + Gap;
        RgbCanvas canvas = new((2 * size.Width) + (3 * Gap), top + size.Height + Gap, Ground);
        canvas.Write(Gap, Gap, panel.Title, DimText, scale, canvas.Width - (2 * Gap));
        int right = size.Width + (2 * Gap);
        DrawHalf(canvas, Gap, top, size, gray, panel.Before, pairs.Before, OnlyBefore);
        DrawHalf(canvas, right, top, size, gray, panel.After, pairs.After, OnlyAfter);
        canvas.Write(Gap, Gap + title, panel.BeforeCaption, Text, scale, size.Width);
        canvas.Write(right, Gap + title, panel.AfterCaption, Text, scale, size.Width);
        return canvas;
    }

    private static void DrawHalf(
        RgbCanvas canvas, int left, int top, ShownSize size, byte[] gray, LabelImage labels,
        IReadOnlySet<int> paired, Rgb unpaired)
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
                canvas.Set(left + x, top + y,
                    !outline ? new Rgb(value, value, value) : paired.Contains(label) ? Both : unpaired);
            }
        }
    }

    private static void DrawLegend(RgbCanvas canvas, int y, int scale)
    {
        (Rgb Colour, string Text)[] entries =
            [(Both, "found both times"), (OnlyBefore, "only before"), (OnlyAfter, "only after")];
        int x = Gap;
        foreach ((Rgb colour, string text) in entries)
        {
            int box = PixelFont.Height * scale;
            canvas.Fill(x, y, box, box, colour);
            canvas.Write(
                x + box + (4 * scale), y, text, DimText, scale, canvas.Width - x - box - (4 * scale));
            x += box + ((4 + ((text.Length + 2) * PixelFont.Advance)) * scale);
        }
    }

    private static int TextScale(int room) => room >= 2 * 30 * PixelFont.Advance ? 2 : 1;

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
