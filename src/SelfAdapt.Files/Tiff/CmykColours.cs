using System.Runtime.InteropServices;

namespace SelfAdapt.Files.Tiff;

/// <summary>Ink amounts as light: what each ink and black leave of white.</summary>
internal static class CmykColours
{
    private const int Black = 3;

    /// <param name="inks">Four channels, 8 or 16 bits.</param>
    public static Raster ToRgb(Raster inks)
    {
        Raster light = new(3, inks.Height, inks.Width, inks.Samples.Kind);
        for (int c = 0; c < light.Channels; c++)
        {
            int length = inks.Height * inks.Width * inks.Samples.Kind.Size();
            ReadOnlySpan<byte> ink = inks.From(c, 0, 0)[..length];
            ReadOnlySpan<byte> black = inks.From(Black, 0, 0)[..length];
            Span<byte> target = light.From(c, 0, 0)[..length];
            if (inks.Samples.Kind == SampleKind.UInt8)
            {
                for (int i = 0; i < length; i++)
                {
                    target[i] = (byte)Left(ink[i], black[i], byte.MaxValue);
                }
            }
            else
            {
                ReadOnlySpan<ushort> wideInk = MemoryMarshal.Cast<byte, ushort>(ink);
                ReadOnlySpan<ushort> wideBlack = MemoryMarshal.Cast<byte, ushort>(black);
                Span<ushort> wideTarget = MemoryMarshal.Cast<byte, ushort>(target);
                for (int i = 0; i < wideTarget.Length; i++)
                {
                    wideTarget[i] = (ushort)Left(wideInk[i], wideBlack[i], ushort.MaxValue);
                }
            }
        }

        return light;
    }

    private static uint Left(uint ink, uint black, uint most) => (most - ink) * (most - black) / most;
}
