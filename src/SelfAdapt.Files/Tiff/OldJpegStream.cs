using System.Buffers.Binary;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// JPEG as TIFF 6.0 had it (compression 6): a strip's or tile's scan lies by itself, its tables in tags or at the
/// head of
/// a stream elsewhere. Here they become one stream.
/// </summary>
internal sealed class OldJpegStream(FileBytes file, TiffDirectory directory)
{
    private const int QuantTable = 0xDB;
    private const int HuffmanTable = 0xC4;
    private const int StartOfScan = 0xDA;
    private const int RestartInterval = 0xDD;
    private const int FrameSize = 5;
    private const int CodeLengths = 16;

    private static readonly byte[] Start = [0xFF, 0xD8];
    private static readonly byte[] End = [0xFF, 0xD9];

    private readonly List<byte> _tables = [];
    private byte[]? _frame;
    private byte[]? _scan;

    /// <summary>The stream of one block.</summary>
    /// <param name="offset">Where its data begin.</param>
    /// <param name="length">Bytes of its data.</param>
    /// <param name="isOnly">Whether it is the whole page.</param>
    /// <param name="components">Values of a pixel.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: its tables are missing.</exception>
    public byte[] Of(long offset, long length, bool isOnly, int width, int height, int components)
    {
        long named = directory.NumberOr(TiffTag.OldJpegStream, 0);
        if (isOnly && named > 0 && offset >= named)
        {
            // Writers tell the place of the stream better than that of the strip, and its length now and then.
            long whole = directory.NumberOr(TiffTag.OldJpegStreamLength, 0);
            whole = Math.Min(whole > 0 ? whole : long.MaxValue, file.Length - named);
            ReadOnlySpan<byte> stream = file.Slice(named, whole, "the JPEG stream");
            if (offset < named + whole && JpegHeader.TryRead(stream) is not null)
            {
                return stream.ToArray();
            }
        }

        ReadOnlySpan<byte> data = file.Slice(offset, length, "a JPEG strip");
        if (data.StartsWith(Start))
        {
            return data.ToArray();
        }

        if (_frame is null || _scan is null)
        {
            ReadHead();
            ReadTables(components);
            _frame ??= FrameOf(components);
            _scan ??= ScanOf(components);
        }

        BinaryPrimitives.WriteUInt16BigEndian(_frame.AsSpan(FrameSize), (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(_frame.AsSpan(FrameSize + 2), (ushort)width);
        bool hasScan = data.Length > 1 && data[0] == 0xFF && data[1] == StartOfScan;
        return [.. Start, .. _tables, .. _frame, .. hasScan ? [] : _scan, .. data, .. End];
    }

    /// <summary>Takes what stands before the scan of the stream that the directory names, if it does.</summary>
    private void ReadHead()
    {
        if (!directory.Has(TiffTag.OldJpegStream))
        {
            return;
        }

        long at = directory.NumberOr(TiffTag.OldJpegStream, null) + Start.Length;
        while (_scan is null && at + 4 <= file.Length)
        {
            ReadOnlySpan<byte> head = file.Slice(at, 4, "a JPEG marker");
            int marker = head[1];
            int length = 2 + BinaryPrimitives.ReadUInt16BigEndian(head[2..]);
            if (head[0] != 0xFF || length < 4)
            {
                return;
            }

            byte[] segment = file.Slice(at, length, "a JPEG segment").ToArray();
            at += length;
            switch (marker)
            {
                case QuantTable or HuffmanTable or RestartInterval:
                    _tables.AddRange(segment);
                    break;
                case >= 0xC0 and <= 0xC2 when length > FrameSize + 4:
                    _frame = segment;
                    break;
                case StartOfScan:
                    _scan = segment;
                    break;
            }
        }
    }

    private void ReadTables(int components)
    {
        if (_tables.Count > 0)
        {
            return;
        }

        long[] quant = directory.Numbers(TiffTag.OldJpegQuantTables);
        long[] dc = directory.Numbers(TiffTag.OldJpegDcTables);
        long[] ac = directory.Numbers(TiffTag.OldJpegAcTables);
        if (quant.Length < components || dc.Length < components || ac.Length < components)
        {
            throw file.Malformed($"page {directory.Number} lacks its JPEG tables");
        }

        for (int i = 0; i < components; i++)
        {
            AddTable(QuantTable, i, file.Slice(quant[i], 64, "a JPEG table"));
            AddTable(HuffmanTable, i, Codes(dc[i]));
            AddTable(HuffmanTable, 0x10 | i, Codes(ac[i]));
        }
    }

    private ReadOnlySpan<byte> Codes(long at)
    {
        int values = 0;
        foreach (byte count in file.Slice(at, CodeLengths, "a JPEG table"))
        {
            values += count;
        }

        return file.Slice(at, CodeLengths + values, "a JPEG table");
    }

    private void AddTable(int marker, int id, ReadOnlySpan<byte> table)
    {
        _tables.AddRange([0xFF, (byte)marker, (byte)((table.Length + 3) >> 8), (byte)(table.Length + 3), (byte)id]);
        _tables.AddRange(table);
    }

    private byte[] FrameOf(int components)
    {
        long[] factors = components == 1 ? [1, 1] : directory.Numbers(TiffTag.YCbCrSubsampling);
        (long across, long down) = factors is [1 or 2 or 4, 1 or 2 or 4] ? (factors[0], factors[1]) : (2, 2);
        List<byte> frame = [0xFF, 0xC0, 0, (byte)(8 + (3 * components)), 8, 0, 0, 0, 0, (byte)components];
        for (int i = 0; i < components; i++)
        {
            frame.AddRange([(byte)(i + 1), (byte)(i == 0 ? (across << 4) | down : 0x11), (byte)i]);
        }

        return [.. frame];
    }

    private static byte[] ScanOf(int components)
    {
        List<byte> scan = [0xFF, StartOfScan, 0, (byte)(6 + (2 * components)), (byte)components];
        for (int i = 0; i < components; i++)
        {
            scan.AddRange([(byte)(i + 1), (byte)(Math.Min(i, 1) * 0x11)]);
        }

        return [.. scan, 0, 63, 0];
    }
}
