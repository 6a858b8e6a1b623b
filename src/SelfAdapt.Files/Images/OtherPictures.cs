using SelfAdapt.Files.Tiff;

namespace SelfAdapt.Files.Images;

/// <summary>
/// Reads formats of everyday pictures. JPEG of one or three colours goes to LibTiff, whose decoder gives the very
/// pixels that most programs' does; what has no reader of ours goes to ImageSharp.
/// </summary>
internal static class OtherPictures
{
    /// <summary>What such files' names end in.</summary>
    public static readonly string[] Extensions =
    [
        ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tga", ".pbm", ".pgm", ".ppm", ".pnm",
    ];

    /// <summary>Decodes a file; null if it is of none of these formats.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: it is damaged, too large or holds several pictures.
    /// </exception>
    public static Raster? TryDecode(FileBytes file) => PortableMap.Sniff(file.All)
        ? PortableMap.Decode(file)
        : TryDecodeJpeg(file) ?? SharpPictures.TryDecode(file);

    private static Raster? TryDecodeJpeg(FileBytes file)
    {
        const int Gray = 1;
        const int Rgb = 2;
        if (!file.All.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
        {
            return null;
        }

        JpegHeader header = JpegHeader.TryRead(file.All) ?? throw file.Malformed("it is no valid JPEG stream");
        if (!header.IsPlain || header.Components is not (1 or 3))
        {
            return null;
        }

        file.CheckPageSize(header.Width, header.Height, header.Components, sizeof(byte));
        SharpPictures.CheckPlausible(file, header.Width, header.Height);
        byte[] values = new byte[header.Width * header.Height * header.Components];
        int colours = header.Components == 1 ? Gray : header.IsRgb ? Rgb : LibTiffDecoder.YCbCr;
        new LibTiffDecoder(file).DecodeJpeg(
            file.All, header.Width, header.Height, header.Components, colours, values, "the picture");
        Raster raster = new(header.Components, header.Height, header.Width, SampleKind.UInt8);
        for (int c = 0; c < raster.Channels; c++)
        {
            SampleBuffer.CopyStrided(
                values.AsSpan(c), raster.Channels, raster.From(c, 0, 0), 1, raster.Height * raster.Width, sizeof(byte));
        }

        return raster;
    }
}
