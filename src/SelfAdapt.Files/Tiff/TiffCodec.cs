using System;
using System.Runtime.InteropServices;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// The compressions and predictors of TIFF (TIFF 6.0 sections 9, 13 and 14; technical note 3).
/// </summary>
internal static class TiffCodec
{
    /// <summary>Decodes one strip or tile.</summary>
    /// <param name="compression">The page's compression number.</param>
    /// <param name="offset">First byte of the compressed data.</param>
    /// <param name="length">Bytes of the compressed data.</param>
    /// <param name="target">Receives the decoded bytes.</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: damaged data or an unknown compression.
    /// </exception>
    public static void Decode(
        FileBytes file, long compression, long offset, long length, Span<byte> target, string what)
    {
        switch (compression)
        {
            case 1:
                // Uncompressed data has a known size; writers that leave the byte count wrong are common.
                file.Slice(offset, target.Length, what).CopyTo(target);
                break;
            case 5:
                Report(file, LzwDecoder.Decode(file.Slice(offset, length, what), target), target, what);
                break;
            case 8 or 32946:
                Inflater.Inflate(file, file.Stream(offset, length, what), target, what);
                break;
            default:
                Report(file, UnpackBits(file.Slice(offset, length, what), target), target, what);
                break;
        }
    }

    /// <summary>
    /// The most bytes that data of this compression can grow by; 0 if the compression is not read.
    /// </summary>
    /// <param name="compression">The page's compression number.</param>
    public static int MaximumRatio(long compression) => compression switch
    {
        1 => 1,
        5 => ImageLimits.LzwRatio,
        8 or 32946 => ImageLimits.DeflateRatio,
        32773 => ImageLimits.PackBitsRatio,
        _ => 0,
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
