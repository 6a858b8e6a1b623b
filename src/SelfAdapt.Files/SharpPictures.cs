using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Files;

/// <summary>
/// Reads, through ImageSharp, BMP, GIF, lossy WebP, TGA, and JPEG in inks. Only these are registered, and a picture's
/// size is checked before anything of it is decoded.
/// </summary>
internal static class SharpPictures
{
    private const int AllocationLimitMegabytes = 2048;

    // A second frame is enough to know that a GIF has several.
    private const int MostFrames = 2;

    // Where a BMP file tells its pixels' place, its header's kind, and that kind's colour profile: place, then length.
    private const int BitmapPixels = 10;
    private const int BitmapHeader = 14;
    private const int BitmapHeaderWithProfile = 124;
    private const int BitmapProfile = 126;

    private static readonly Configuration Formats = Configure();

    /// <summary>Decodes a file; null if it is of none of these formats.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: it is damaged, too large or holds several pictures.
    /// </exception>
    public static Raster? TryDecode(FileBytes file)
    {
        try
        {
            CheckBitmap(file);
            CheckWebp(file);
            using MemoryStream stream = file.Stream(0, file.Length, "the picture");
            IImageInfo? info = SixLabors.ImageSharp.Image.Identify(Formats, stream, out IImageFormat? format);
            if (info is null)
            {
                return null;
            }

            bool gray = IsGray(info, format, file);
            file.CheckPageSize(info.Width, info.Height, gray ? 1 : 3, sizeof(byte));
            CheckPlausible(file, info.Width, info.Height);
            stream.Position = 0;
            return gray
                ? Decode<L8>(file, stream, 1)
                : WithoutEqualColours(
                    Decode<Rgb24>(file, stream, 3), format is BmpFormat && info.PixelType.BitsPerPixel <= 8);
        }
        catch (Exception e) when (e is not (SelfAdaptException or OutOfMemoryException))
        {
            // Crafted files make the library's decoders throw whatever they meet: index, range, overflow, format.
            throw file.Malformed($"it can't be decoded ({e.Message.Split('\n')[0].Trim().TrimEnd('.')})");
        }
    }

    private static Configuration Configure()
    {
        Configuration formats = new(
            new JpegConfigurationModule(), new BmpConfigurationModule(), new GifConfigurationModule(),
            new WebpConfigurationModule(), new TgaConfigurationModule())
        {
            MaxDegreeOfParallelism = 1,
            MemoryAllocator = MemoryAllocator.Create(
                new MemoryAllocatorOptions { AllocationLimitMegabytes = AllocationLimitMegabytes }),
        };
        formats.ImageFormatsManager.SetDecoder(
            BmpFormat.Instance,
            new BmpDecoder { RleSkippedPixelHandling = RleSkippedPixelHandling.FirstColorOfPalette });
        formats.ImageFormatsManager.SetDecoder(JpegFormat.Instance, new JpegDecoder { IgnoreMetadata = true });
        formats.ImageFormatsManager.SetDecoder(WebpFormat.Instance, new WebpDecoder { IgnoreMetadata = true });
        formats.ImageFormatsManager.SetDecoder(
            GifFormat.Instance, new GifDecoder { IgnoreMetadata = true, MaxFrames = MostFrames });
        return formats;
    }

    /// <summary>The library takes memory for a BMP file's palette and profile before it looks for them.</summary>
    private static void CheckBitmap(FileBytes file)
    {
        if (!file.All.StartsWith("BM"u8))
        {
            return;
        }

        foreach (int at in (ReadOnlySpan<int>)[BitmapPixels, BitmapProfile, BitmapProfile + sizeof(uint)])
        {
            if (file.Length >= at + sizeof(uint)
                && BinaryPrimitives.ReadUInt32LittleEndian(file.All[at..]) > file.Length
                && (at == BitmapPixels || file.All[BitmapHeader] == BitmapHeaderWithProfile))
            {
                throw file.Malformed($"the number at byte {at} points behind the file's end");
            }
        }
    }

    /// <summary>For WebP's lossless parts the library takes up to 1.5 GB on the word of a few bytes.</summary>
    private static void CheckWebp(FileBytes file)
    {
        if (file.All.StartsWith("RIFF"u8) && (file.All.IndexOf("VP8L"u8) >= 0 || file.All.IndexOf("ALPH"u8) >= 0))
        {
            throw file.Unsupported("lossless WebP and WebP with transparency aren't read; save it as PNG");
        }
    }

    /// <summary>Whether the file says that it is gray.</summary>
    private static bool IsGray(IImageInfo info, IImageFormat format, FileBytes file)
    {
        // A TGA file's third byte is its kind: 3 and 11 are gray, the latter packed.
        return format is JpegFormat
            ? info.PixelType.BitsPerPixel == 8
            : format is TgaFormat && file.All[2] is 3 or 11;
    }

    /// <summary>Refuses a size that a file of packed pixels can't hold.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it can't.</exception>
    public static void CheckPlausible(FileBytes file, int width, int height)
    {
        if ((long)width * height > file.Length * ImageLimits.LzwRatio)
        {
            throw file.Malformed($"it declares {width} x {height} pixels, more than {file.Length:N0} bytes can hold");
        }
    }

    /// <summary>
    /// One channel for three that are the same, as of gray pictures in a format that has only palettes.
    /// </summary>
    private static Raster WithoutEqualColours(Raster colours, bool isPalette)
    {
        int plane = colours.Height * colours.Width;
        ReadOnlySpan<byte> red = colours.From(0, 0, 0)[..plane];
        if (!isPalette || !red.SequenceEqual(colours.From(1, 0, 0)[..plane])
            || !red.SequenceEqual(colours.From(2, 0, 0)[..plane]))
        {
            return colours;
        }

        Raster gray = new(1, colours.Height, colours.Width, SampleKind.UInt8);
        red.CopyTo(gray.Samples.Bytes);
        return gray;
    }

    private static Raster Decode<TPixel>(FileBytes file, Stream stream, int channels)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        using Image<TPixel> picture = SixLabors.ImageSharp.Image.Load<TPixel>(Formats, stream);
        if (picture.Frames.Count > 1)
        {
            throw file.Unsupported("it holds several pictures where one is needed; save the one that is meant as PNG");
        }

        Raster raster = new(channels, picture.Height, picture.Width, SampleKind.UInt8);
        picture.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++)
            {
                ReadOnlySpan<byte> row = MemoryMarshal.AsBytes(rows.GetRowSpan(y));
                for (int channel = 0; channel < channels; channel++)
                {
                    SampleBuffer.CopyStrided(
                        row[channel..], channels, raster.From(channel, y, 0), 1, rows.Width, sizeof(byte));
                }
            }
        });
        return raster;
    }
}
