namespace SelfAdapt.Files.Tiff;

/// <summary>
/// LZW as TIFF uses it: high bits first, 9 to 12 bits, width grows one code early (TIFF 6.0 section 13).
/// </summary>
internal static class LzwDecoder
{
    private const int Clear = 256;
    private const int End = 257;
    private const int FirstFree = 258;
    private const int TableSize = 4096;

    /// <summary>
    /// Decodes data, also as libtiff wrote it before TIFF 6.0: low bits first, width growing when it must.
    /// </summary>
    /// <param name="target">Receives the bytes; decoding stops when it is full.</param>
    /// <returns>
    /// How many bytes were written before the target was full, the data ended or a code was bad.
    /// </returns>
    public static int Decode(ReadOnlySpan<byte> data, Span<byte> target)
    {
        // A string is where it was first written: every table entry is a stretch of the output.
        Span<int> start = stackalloc int[TableSize];
        Span<int> length = stackalloc int[TableSize];
        bool old = data.Length > 1 && data[0] == 0 && (data[1] & 1) != 0;
        int early = old ? 0 : 1;
        int next = FirstFree;
        int bits = 9;
        (int previousStart, int previousLength) = (0, 0);
        int written = 0;
        (uint window, int held, int at) = (0, 0, 0);
        while (written < target.Length)
        {
            while (held < bits && at < data.Length)
            {
                window = old ? window | ((uint)data[at++] << held) : (window << 8) | data[at++];
                held += 8;
            }

            if (held < bits)
            {
                return written;
            }

            int code = (int)(old ? window : window >> (held - bits)) & ((1 << bits) - 1);
            held -= bits;
            window = old ? window >> bits : window;
            if (code == End)
            {
                return written;
            }

            if (code == Clear)
            {
                (next, bits, previousLength) = (FirstFree, 9, 0);
                continue;
            }

            int here = written;
            if (code < Clear)
            {
                target[written++] = (byte)code;
            }
            else if (code < next)
            {
                written = Copy(target, start[code], length[code], written);
            }
            else if (code == next && previousLength > 0)
            {
                // The string that is being defined: the previous one and its own first byte.
                written = Copy(target, previousStart, previousLength + 1, written);
            }
            else
            {
                return written;
            }

            if (previousLength > 0 && next < TableSize)
            {
                // Previous string plus this one's first byte lie next to each other in the output.
                (start[next], length[next]) = (previousStart, previousLength + 1);
                next++;
                if (next >= (1 << bits) - early && bits < 12)
                {
                    bits++;
                }
            }

            (previousStart, previousLength) = (here, written - here);
        }

        return written;
    }

    private static int Copy(Span<byte> target, int from, int count, int written)
    {
        count = Math.Min(count, target.Length - written);
        for (int i = 0; i < count; i++)
        {
            target[written + i] = target[from + i];
        }

        return written + count;
    }
}
