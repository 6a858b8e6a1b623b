using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Tool.Studio;

/// <summary>Images and labels as bytes for the page: whole numbers of 8, 16 or 32 bits behind a short head.</summary>
internal static class PixelPacking
{
    private const int HeadBytes = 32;

    // The longer side of a small picture, px, at least.
    private const int ThumbnailSide = 128;

    // Samples that a page gets of an image; larger ones are sent smaller.
    private const long MostSamples = 96L << 20;

    /// <summary>
    /// Channels, height, width, bytes per sample, the image's own height and width as 32-bit numbers, then scale and offset
    /// (value = offset + scale * sample) as 32-bit floats, then the samples of [channels, height, width], little-endian.
    /// </summary>
    public static byte[] Pack(Image image)
    {
        (int fullHeight, int fullWidth) = (image.Height, image.Width);
        while ((long)image.Channels * image.Height * image.Width > MostSamples)
        {
            image = Shrink(image, 2);
        }

        (float low, float high, bool whole) = Range(image.Pixels);
        bool asIs = whole && low >= 0 && high <= ushort.MaxValue;
        int bytes = asIs && high <= byte.MaxValue ? 1 : 2;
        float scale = asIs || high <= low ? 1 : (high - low) / ushort.MaxValue;
        float offset = asIs ? 0 : low;
        byte[] packed = new byte[HeadBytes + (bytes * (long)image.Pixels.Length)];
        Head(packed, [image.Channels, image.Height, image.Width, bytes, fullHeight, fullWidth]);
        BinaryPrimitives.WriteSingleLittleEndian(packed.AsSpan(24), scale);
        BinaryPrimitives.WriteSingleLittleEndian(packed.AsSpan(28), offset);
        Span<byte> body = packed.AsSpan(HeadBytes);
        if (bytes == 1)
        {
            for (int i = 0; i < body.Length; i++)
            {
                body[i] = (byte)image.Pixels[i];
            }

            return packed;
        }

        Span<ushort> samples = MemoryMarshal.Cast<byte, ushort>(body);
        for (int i = 0; i < samples.Length; i++)
        {
            float value = (image.Pixels[i] - offset) / scale;
            samples[i] = float.IsFinite(value) ? (ushort)Math.Clamp(value + (asIs ? 0 : 0.5f), 0, ushort.MaxValue) : (ushort)0;
        }

        return packed;
    }

    /// <summary>Height, width, bytes per label as 32-bit numbers, then the labels, little-endian.</summary>
    public static byte[] Pack(LabelImage masks)
    {
        const int Head = 12;
        bool small = masks.Labels.Max() <= ushort.MaxValue;
        byte[] packed = new byte[Head + ((small ? sizeof(ushort) : sizeof(int)) * (long)masks.Labels.Length)];
        PixelPacking.Head(packed, [masks.Height, masks.Width, small ? sizeof(ushort) : sizeof(int)]);
        if (!small)
        {
            MemoryMarshal.AsBytes(masks.Labels.AsSpan()).CopyTo(packed.AsSpan(Head));
            return packed;
        }

        Span<ushort> labels = MemoryMarshal.Cast<byte, ushort>(packed.AsSpan(Head));
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = (ushort)masks.Labels[i];
        }

        return packed;
    }

    /// <summary>A small picture as PNG, in colour for three channels.</summary>
    public static byte[] Thumbnail(Image image)
    {
        Image small = Shrink(image, Math.Max(1, Math.Max(image.Height, image.Width) / ThumbnailSide));
        byte[][] planes = [.. (small.Channels == 3 ? [0, 1, 2] : (int?[])[null]).Select(
            c => Segmentation.Results.GrayRendering.Stretch(small, c))];
        if (planes.Length == 1)
        {
            return PngPicture.Encode(small.Height, small.Width, planes[0]);
        }

        Rgb24[] colours = new Rgb24[planes[0].Length];
        for (int i = 0; i < colours.Length; i++)
        {
            colours[i] = new Rgb24(planes[0][i], planes[1][i], planes[2][i]);
        }

        return PngPicture.Encode<Rgb24>(small.Height, small.Width, colours);
    }

    /// <summary>The mean of squares of pixels; what is left over at the right and below is left out.</summary>
    internal static Image Shrink(Image image, int factor)
    {
        if (factor <= 1)
        {
            return image;
        }

        (int height, int width) = (Math.Max(1, image.Height / factor), Math.Max(1, image.Width / factor));
        (int tall, int wide) = (Math.Min(factor, image.Height), Math.Min(factor, image.Width));
        Image small = new(image.Channels, height, width, new float[image.Channels * height * width]);
        for (int c = 0; c < image.Channels; c++)
        {
            ReadOnlySpan<float> from = image.Plane(c);
            Span<float> to = small.Plane(c);
            for (int i = 0; i < to.Length; i++)
            {
                int corner = (i / width * factor * image.Width) + (i % width * factor);
                float sum = 0;
                for (int y = 0; y < tall; y++)
                {
                    for (int x = 0; x < wide; x++)
                    {
                        sum += from[corner + (y * image.Width) + x];
                    }
                }

                to[i] = sum / (tall * wide);
            }
        }

        return small;
    }

    private static void Head(byte[] packed, ReadOnlySpan<int> numbers)
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(sizeof(int) * i), numbers[i]);
        }
    }

    private static (float Low, float High, bool Whole) Range(float[] pixels)
    {
        (float low, float high, bool whole) = (float.PositiveInfinity, float.NegativeInfinity, true);
        foreach (float value in pixels)
        {
            if (float.IsFinite(value))
            {
                low = Math.Min(low, value);
                high = Math.Max(high, value);
                whole &= value == MathF.Floor(value);
            }
        }

        return high >= low ? (low, high, whole) : (0, 0, true);
    }
}
