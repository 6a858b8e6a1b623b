using System.Runtime.InteropServices;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Files.Images;

/// <summary>Pictures as the content of PNG files.</summary>
internal static class PngPicture
{
    // The difference to the row above: cheap, and good for label images, which are constant in places.
    private static readonly PngEncoder Encoder = new() { FilterMethod = PngFilterMethod.Up };

    /// <summary>Encodes pixels: L8 and L16 as gray, Rgb24 as colours.</summary>
    /// <param name="pixels">[height, width].</param>
    public static byte[] Encode<TPixel>(int height, int width, ReadOnlySpan<TPixel> pixels)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        using Image<TPixel> picture = SixLabors.ImageSharp.Image.LoadPixelData(pixels, width, height);
        return Encode(picture);
    }

    /// <summary>Encodes a picture.</summary>
    public static byte[] Encode<TPixel>(Image<TPixel> picture)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        using MemoryStream png = new();
        picture.Save(png, Encoder);
        return png.ToArray();
    }

    /// <summary>Encodes 8-bit gray.</summary>
    /// <param name="pixels">[height, width].</param>
    public static byte[] Encode(int height, int width, ReadOnlySpan<byte> pixels) =>
        Encode(height, width, MemoryMarshal.Cast<byte, L8>(pixels));
}
