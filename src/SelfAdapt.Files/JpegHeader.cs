using System.Buffers.Binary;

namespace SelfAdapt.Files;

/// <summary>What a JPEG stream says of itself before it is decoded.</summary>
/// <param name="Kind">Of its coding: 0 to 2 are baseline, extended and progressive.</param>
/// <param name="Components">Values of a pixel.</param>
/// <param name="Across">How many times finer the first component is than the others, across.</param>
/// <param name="Down">The same, down.</param>
/// <param name="IsRgb">Whether three components are red, green and blue as they stand.</param>
internal sealed record JpegHeader(
    int Kind, int Bits, int Width, int Height, int Components, int Across, int Down, bool IsRgb)
{
    // Progressive pictures come in about ten scans; each one costs a pass over the whole picture.
    private const int MostScans = 100;
    private const int StartOfScan = 0xDA;
    private const int EndOfImage = 0xD9;
    private const int AdobeSegment = 0xEE;
    private const int AdobeTransform = 15;

    /// <summary>Whether it is of the kinds that can be decoded.</summary>
    public bool IsPlain => Kind <= 2 && Bits == 8;

    /// <returns>Null if it is no valid stream, or one that comes in too many scans.</returns>
    public static JpegHeader? TryRead(ReadOnlySpan<byte> stream)
    {
        JpegHeader? header = null;
        (int scans, int transform) = (0, -1);
        bool jfif = false;
        for (int at = 0; at < stream.Length - 1; at++)
        {
            int marker = stream[at] == 0xFF ? stream[at + 1] : 0;
            if (marker == EndOfImage && header is not null)
            {
                break;
            }

            if (marker is 0 or 0x01 or 0xFF or (>= 0xD0 and <= 0xD9))
            {
                continue;
            }

            int length = at + 4 <= stream.Length ? BinaryPrimitives.ReadUInt16BigEndian(stream[(at + 2)..]) : 0;
            ReadOnlySpan<byte> segment = stream[at..Math.Min(stream.Length, at + 2 + length)];
            scans += marker == StartOfScan ? 1 : 0;
            jfif |= marker == 0xE0;
            if (marker == AdobeSegment && segment.Length > AdobeTransform && segment[4..].StartsWith("Adobe"u8))
            {
                transform = segment[AdobeTransform];
            }

            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                header = header is null ? FrameOf(segment, marker) : null;
                if (header is null)
                {
                    return null;
                }
            }

            at += 1 + length;
        }

        return scans > MostScans || header is null
            ? null
            : header with { IsRgb = transform == 0 || (transform < 0 && !jfif && header.IsRgb) };
    }

    private static JpegHeader? FrameOf(ReadOnlySpan<byte> segment, int marker)
    {
        const int FirstComponent = 10;
        if (segment.Length < FirstComponent || segment.Length < FirstComponent + (3 * segment[9]) || segment[9] == 0)
        {
            return null;
        }

        int components = segment[9];
        int factors = segment[FirstComponent + 1];
        for (int i = 1; i < components; i++)
        {
            // Decoders find components by their numbers.
            if (segment[FirstComponent + (3 * i)] == segment[FirstComponent])
            {
                return null;
            }
        }

        bool letters = components == 3 && segment[FirstComponent] == 'R' && segment[FirstComponent + 3] == 'G'
            && segment[FirstComponent + 6] == 'B';
        return new JpegHeader(
            marker - 0xC0, segment[4], BinaryPrimitives.ReadUInt16BigEndian(segment[7..]),
            BinaryPrimitives.ReadUInt16BigEndian(segment[5..]), components, factors >> 4, factors & 15, letters);
    }
}
