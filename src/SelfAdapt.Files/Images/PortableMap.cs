using System.Buffers.Binary;

namespace SelfAdapt.Files.Images;

/// <summary>
/// PBM, PGM and PPM (P1 to P6). Values of up to 8 bits are scaled to 0..255, larger ones stay as they are in the file;
/// of black and white, white is 255.
/// </summary>
internal static class PortableMap
{
    private const int Bits = 1;
    private const int Colours = 3;

    /// <summary>Whether a file begins like one of these.</summary>
    public static bool Sniff(ReadOnlySpan<byte> content) =>
        content.Length > 2 && content[0] == 'P' && content[1] is >= (byte)'1' and <= (byte)'6'
        && (IsSpace(content[2]) || content[2] == '#');

    /// <summary>Decodes a file.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it breaks the format's rules or is too large.</exception>
    public static Raster Decode(FileBytes file)
    {
        Cursor cursor = new(file, 2);
        int kind = (file.All[1] - '1') % 3;
        bool isText = file.All[1] <= '3';
        int width = cursor.Number(int.MaxValue);
        int height = cursor.Number(int.MaxValue);
        int most = kind + 1 == Bits ? 1 : cursor.Number(ushort.MaxValue);
        int channels = kind + 1 == Colours ? Colours : 1;
        SampleKind sample = most > byte.MaxValue ? SampleKind.UInt16 : SampleKind.UInt8;
        file.CheckPageSize(width, height, channels, sample.Size());
        long bits = kind + 1 == Bits ? 1 : 8 * sample.Size();
        long rowBytes = isText ? (long)width * channels : (((long)width * channels * bits) + 7) / 8;
        if (most == 0 || rowBytes * height > file.Length - cursor.At)
        {
            throw file.Malformed($"it declares {width} x {height} pixels, more than {file.Length:N0} bytes can hold");
        }

        Raster raster = new(channels, height, width, sample);
        long start = cursor.At + 1;
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = isText ? [] : file.Slice(start + (y * rowBytes), rowBytes, $"row {y + 1}");
            for (int i = 0; i < width * channels; i++)
            {
                int value = isText ? (kind + 1 == Bits ? cursor.Bit() : cursor.Number(most))
                    : bits == 1 ? (row[i >> 3] >> (7 - (i & 7))) & 1
                    : bits == 8 ? row[i]
                    : BinaryPrimitives.ReadUInt16BigEndian(row[(i * 2)..]);
                Span<byte> place = raster.From(i % channels, y, i / channels);
                if (sample == SampleKind.UInt16)
                {
                    BitConverter.TryWriteBytes(place, (ushort)value);
                }
                else
                {
                    int shown = kind + 1 == Bits ? 1 - value : Math.Min(value, most);
                    place[0] = (byte)Math.Round(shown * (double)byte.MaxValue / most);
                }
            }
        }

        return raster;
    }

    private static bool IsSpace(byte character) => character is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Reads the numbers of a header, and of the text forms' pixels.</summary>
    private sealed class Cursor(FileBytes file, long at)
    {
        /// <summary>The character behind what was read.</summary>
        public long At { get; private set; } = at;

        public int Number(int most)
        {
            SkipSpace();
            long value = -1;
            for (; At < file.Length && file.All[(int)At] is >= (byte)'0' and <= (byte)'9'; At++)
            {
                value = (10 * Math.Max(value, 0)) + file.All[(int)At] - '0';
                if (value > most)
                {
                    throw file.Malformed($"the number at byte {At} is larger than {most}");
                }
            }

            return value >= 0 ? (int)value : throw file.Malformed($"there is no number at byte {At}");
        }

        /// <summary>A digit of its own: bits need no space between them.</summary>
        public int Bit()
        {
            SkipSpace();
            return At < file.Length && file.All[(int)At] is (byte)'0' or (byte)'1'
                ? file.All[(int)At++] - '0'
                : throw file.Malformed($"there is no bit at byte {At}");
        }

        private void SkipSpace()
        {
            for (bool comment = false; At < file.Length; At++)
            {
                byte character = file.All[(int)At];
                comment = (comment && character is not ((byte)'\n' or (byte)'\r')) || (!comment && character == '#');
                if (!comment && !IsSpace(character))
                {
                    return;
                }
            }
        }
    }
}
