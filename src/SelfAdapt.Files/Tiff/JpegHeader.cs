using System;
using System.Buffers.Binary;

namespace SelfAdapt.Files.Tiff;

/// <summary>What a JPEG stream says of itself, checked before it is decoded.</summary>
internal static class JpegHeader
{
    // Progressive pictures come in about ten scans; each one costs a pass over the whole picture.
    private const int MostScans = 100;

    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the picture is larger than its block, of a kind that is not read, or comes in too many scans.
    /// </exception>
    public static void Check(FileBytes file, ReadOnlySpan<byte> stream, int width, int height, string what)
    {
        int scans = 0;
        for (int at = 0; at < stream.Length - 1; at++)
        {
            if (stream[at] != 0xFF || stream[at + 1] is 0 or 0xFF)
            {
                continue;
            }

            int marker = stream[at + 1];
            scans += marker == 0xDA ? 1 : 0;
            bool frame = marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);
            if (scans > MostScans || (frame && at + 9 > stream.Length))
            {
                throw file.Malformed($"{what} is no valid JPEG stream");
            }

            if (frame && (marker > 0xC2 || stream[at + 4] != 8))
            {
                throw file.Unsupported(
                    $"{what} holds a JPEG of kind {marker - 0xC0} with {stream[at + 4]} bits (lossless, arithmetic or of "
                    + "more than 8 bits), which isn't read; save it with LZW or Deflate (ZIP) compression");
            }

            if (frame && (BinaryPrimitives.ReadUInt16BigEndian(stream[(at + 5)..]) > height
                || BinaryPrimitives.ReadUInt16BigEndian(stream[(at + 7)..]) > width))
            {
                throw file.Malformed($"{what} holds a JPEG picture that is larger than its place");
            }

            // The segment's content is passed over; between scans' data markers stand alone.
            if (marker is not (0xD8 or 0xD9 or (>= 0xD0 and <= 0xD7) or 0x01))
            {
                at += at + 4 <= stream.Length ? 1 + BinaryPrimitives.ReadUInt16BigEndian(stream[(at + 2)..]) : 1;
            }
            else
            {
                at++;
            }
        }
    }
}
