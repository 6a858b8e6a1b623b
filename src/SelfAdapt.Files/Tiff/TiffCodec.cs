using System.Runtime.InteropServices;
using ZstdSharp;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// The compressions and predictors of TIFF that we decode (TIFF 6.0 sections 9, 13 and 14; technical note 3).
/// </summary>
internal static class TiffCodec
{
    public const int Uncompressed = 1;

    private const int Lzw = 5;
    private const int PackBits = 32773;
    private const int Zstandard = 50000;

    /// <summary>Decodes one strip or tile.</summary>
    /// <param name="compression">The page's compression number.</param>
    /// <param name="offset">First byte of the compressed data.</param>
    /// <param name="length">Bytes of the compressed data.</param>
    /// <param name="reversed">Whether the bits of every byte come in reverse (FillOrder 2).</param>
    /// <param name="target">Receives the decoded bytes.</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: damaged data or an unknown compression.
    /// </exception>
    public static void Decode(
        FileBytes file, long compression, long offset, long length, bool reversed, Span<byte> target, string what)
    {
        // Uncompressed data has a known size; writers that leave the byte count wrong are common.
        ReadOnlySpan<byte> data = file.Slice(offset, compression == Uncompressed ? target.Length : length, what);
        if (reversed)
        {
            byte[] turned = data.ToArray();
            ReverseBits(turned);
            data = turned;
        }

        switch (compression)
        {
            case Uncompressed:
                data.CopyTo(target);
                break;
            case Lzw:
                Report(file, LzwDecoder.Decode(data, target), target, what);
                break;
            case PackBits:
                Report(file, UnpackBits(data, target), target, what);
                break;
            case Zstandard:
                Report(file, Unpack(file, data, target, what), target, what);
                break;
            default:
                using (MemoryStream stream = reversed
                    ? new MemoryStream(data.ToArray())
                    : file.Stream(offset, length, what))
                {
                    Inflater.Inflate(file, stream, target, what);
                }

                break;
        }
    }

    /// <summary>
    /// The most bytes that data of this compression can grow by; 0 if the compression is not read.
    /// </summary>
    /// <param name="compression">The page's compression number.</param>
    public static int MaximumRatio(long compression) => compression switch
    {
        Uncompressed => 1,
        Lzw => ImageLimits.LzwRatio,
        8 or 32946 or 50013 => ImageLimits.DeflateRatio,
        PackBits => ImageLimits.PackBitsRatio,
        Zstandard => ImageLimits.ZstandardRatio,
        _ => LibTiffDecoder.Decodes(compression) || IsWebp(compression) ? ImageLimits.PictureRatio : 0,
    };

    /// <summary>Whether blocks are WebP pictures.</summary>
    /// <param name="compression">The page's compression number.</param>
    public static bool IsWebp(long compression) => compression is 50001 or 34927;

    /// <summary>Whether a predictor goes with a compression.</summary>
    /// <param name="compression">The page's compression number.</param>
    public static bool IsPredicted(long compression) => compression is Lzw or 8 or 32946 or 50013 or Zstandard;

    /// <summary>What a compression is called that is not read.</summary>
    /// <param name="compression">The page's compression number.</param>
    public static string NameOf(long compression) => compression switch
    {
        32766 => "NeXT",
        32809 => "ThunderScan",
        32909 => "PixarLog",
        33003 or 33004 or 33005 or 34712 => "JPEG 2000",
        34676 or 34677 => "SGI LogLuv",
        34887 => "LERC",
        34892 => "lossy JPEG of DNG",
        34925 => "LZMA",
        34933 => "PNG",
        34934 or 22610 => "JPEG XR",
        50002 or 52546 => "JPEG XL",
        _ => $"number {compression}",
    };

    /// <summary>
    /// Undoes horizontal differencing of a row, values in the machine's byte order (predictor 2).
    /// </summary>
    /// <param name="row">[pixels, samples].</param>
    /// <param name="size">Bytes of a value.</param>
    public static void UndoDifferences(Span<byte> row, int samples, int size)
    {
        switch (size)
        {
            case 1:
                for (int i = samples; i < row.Length; i++)
                {
                    row[i] += row[i - samples];
                }

                break;
            case 2:
                Span<ushort> shorts = MemoryMarshal.Cast<byte, ushort>(row);
                for (int i = samples; i < shorts.Length; i++)
                {
                    shorts[i] += shorts[i - samples];
                }

                break;
            case 4:
                Span<uint> ints = MemoryMarshal.Cast<byte, uint>(row);
                for (int i = samples; i < ints.Length; i++)
                {
                    ints[i] += ints[i - samples];
                }

                break;
            default:
                Span<ulong> longs = MemoryMarshal.Cast<byte, ulong>(row);
                for (int i = samples; i < longs.Length; i++)
                {
                    longs[i] += longs[i - samples];
                }

                break;
        }
    }

    /// <summary>
    /// Undoes the floating-point predictor of a row (predictor 3), giving the machine's byte order.
    /// </summary>
    /// <param name="row">
    /// The row: byte planes, highest byte first, each byte a difference to the one before.
    /// </param>
    /// <param name="size">Bytes of a value.</param>
    public static void UndoFloatPredictor(Span<byte> row, int samples, int size)
    {
        UndoDifferences(row, samples, 1);
        byte[] planes = row.ToArray();
        int values = row.Length / size;
        for (int i = 0; i < values; i++)
        {
            for (int b = 0; b < size; b++)
            {
                int place = BitConverter.IsLittleEndian ? size - 1 - b : b;
                row[(i * size) + place] = planes[(b * values) + i];
            }
        }
    }

    private static void ReverseBits(Span<byte> bytes)
    {
        foreach (ref byte value in bytes)
        {
            // The classic three-multiplication reversal: spread, mask, fold.
            value = (byte)((((value * 0x80200802UL) & 0x0884422110UL) * 0x0101010101UL) >> 32);
        }
    }

    private static int Unpack(FileBytes file, ReadOnlySpan<byte> data, Span<byte> target, string what)
    {
        try
        {
            using Decompressor zstandard = new();
            return zstandard.Unwrap(data, target);
        }
        catch (ZstdException e)
        {
            throw file.Malformed($"{what} does not decompress ({e.Message.TrimEnd('.')})");
        }
    }

    private static int UnpackBits(ReadOnlySpan<byte> data, Span<byte> target)
    {
        int written = 0;
        for (int at = 0; at < data.Length && written < target.Length;)
        {
            int code = (sbyte)data[at++];
            if (code == -128)
            {
                continue;
            }

            int room = target.Length - written;
            if (code >= 0)
            {
                int count = Math.Min(Math.Min(code + 1, room), data.Length - at);
                data.Slice(at, count).CopyTo(target[written..]);
                (at, written) = (at + code + 1, written + count);
            }
            else if (at < data.Length)
            {
                int count = Math.Min(1 - code, room);
                target.Slice(written, count).Fill(data[at++]);
                written += count;
            }
        }

        return written;
    }

    private static void Report(FileBytes file, int written, Span<byte> target, string what)
    {
        if (written < target.Length)
        {
            throw file.Malformed($"{what} decodes to {Math.Max(0, written)} of {target.Length} bytes");
        }
    }
}
