namespace SelfAdapt.Tests.Files;

/// <summary>Makes little-endian 8-bit TIFF files with one strip for tests.</summary>
internal static class TiffBytes
{
    /// <summary>
    /// A file whose single strip holds the given bytes; its last four bytes are the link to a next page.
    /// </summary>
    public static byte[] Make(int width, int height, int compression, int rowsPerStrip, byte[] strip)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write("II*\0"u8);
        writer.Write(8 + strip.Length);
        writer.Write(strip);
        (int Tag, int Value)[] tags =
        [
            (256, width), (257, height), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1),
            (278, rowsPerStrip), (279, strip.Length),
        ];
        writer.Write((short)tags.Length);
        foreach ((int tag, int value) in tags)
        {
            writer.Write((short)tag);
            writer.Write((short)4);
            writer.Write(1);
            writer.Write(value);
        }

        writer.Write(0);
        return stream.ToArray();
    }
}
