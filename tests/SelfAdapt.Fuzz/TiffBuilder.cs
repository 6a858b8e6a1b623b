using System.Buffers.Binary;
using System.Text;
using SelfAdapt.Files.Tiff;

namespace SelfAdapt.Fuzz;

/// <summary>Makes TIFF files of any kind, page by page.</summary>
internal sealed class TiffBuilder(bool bigEndian = false)
{
    private readonly List<byte> _bytes = [.. bigEndian ? "MM\0*"u8 : "II*\0"u8, 0, 0, 0, 0];
    private int _link = 4;

    /// <summary>A gray page of uncompressed bytes with nothing else said.</summary>
    public static byte[] Gray(int width, int height, byte[] values) =>
        new TiffBuilder().Page(width, height, [values]).ToArray();

    /// <summary>Adds a page.</summary>
    /// <param name="blocks">Its strips; null for one that is not stored.</param>
    /// <param name="tags">
    /// Further tags, or others than those of a gray 8-bit page of one strip: a number, numbers of 32 or 16 bits,
    /// text, bytes, or null for none.
    /// </param>
    public TiffBuilder Page(int width, int height, byte[]?[] blocks, params (TiffTag Tag, object? Value)[] tags)
    {
        List<long> offsets = [];
        foreach (byte[]? block in blocks)
        {
            offsets.Add(block is null ? 0 : _bytes.Count);
            _bytes.AddRange(block ?? []);
        }

        SortedDictionary<TiffTag, object> all = new()
        {
            [TiffTag.ImageWidth] = (long)width,
            [TiffTag.ImageLength] = (long)height,
            [TiffTag.BitsPerSample] = 8L,
            [TiffTag.Compression] = 1L,
            [TiffTag.Photometric] = 1L,
            [TiffTag.StripOffsets] = offsets.ToArray(),
            [TiffTag.SamplesPerPixel] = 1L,
            [TiffTag.RowsPerStrip] = (long)height,
            [TiffTag.StripByteCounts] = blocks.Select(b => (long)(b?.Length ?? 0)).ToArray(),
        };
        foreach ((TiffTag tag, object? value) in tags)
        {
            all.Remove(tag);
            if (value is not null)
            {
                all[tag] = value is int number ? (long)number : value;
            }
        }

        if (all.ContainsKey(TiffTag.TileOffsets))
        {
            all[TiffTag.TileOffsets] = all[TiffTag.StripOffsets];
            all[TiffTag.TileByteCounts] = all[TiffTag.StripByteCounts];
            all.Remove(TiffTag.StripOffsets);
            all.Remove(TiffTag.StripByteCounts);
        }

        Write(all);
        return this;
    }

    /// <summary>Adds a page of one value that no other one links to.</summary>
    /// <returns>Where it stands, for <see cref="TiffTag.SubDirectories"/>.</returns>
    public long Apart(int width, int height, byte value)
    {
        int link = _link;
        byte[] before = [.. _bytes[link..(link + 4)]];
        byte[] values = new byte[width * height];
        Array.Fill(values, value);
        Page(width, height, [values]);
        byte[] start = [.. _bytes[link..(link + 4)]];
        for (int i = 0; i < before.Length; i++)
        {
            _bytes[link + i] = before[i];
        }

        _link = link;
        return bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(start) : BinaryPrimitives.ReadUInt32LittleEndian(start);
    }

    /// <summary>The file.</summary>
    /// <param name="lastLink">What the last page names as the next one.</param>
    public byte[] ToArray(int lastLink = 0)
    {
        byte[] file = [.. _bytes];
        Number(lastLink, 4).CopyTo(file, _link);
        return file;
    }

    private void Write(SortedDictionary<TiffTag, object> tags)
    {
        List<(TiffTag Tag, int Type, int Count, byte[] Value)> entries = [];
        foreach ((TiffTag tag, object value) in tags)
        {
            (int type, int count, byte[] bytes) = value switch
            {
                string text => (2, text.Length + 1, Encoding.ASCII.GetBytes(text + "\0")),
                short[] shorts => (3, shorts.Length, [.. shorts.SelectMany(s => Number(s, 2))]),
                byte[] raw => (7, raw.Length, raw),
                long[] many => (4, many.Length, [.. many.SelectMany(m => Number(m, 4))]),
                _ => (4, 1, Number((long)value, 4)),
            };
            entries.Add((tag, type, count, bytes));
        }

        List<byte> directory = [.. Number(entries.Count, 2)];
        foreach ((TiffTag tag, int type, int count, byte[] value) in entries)
        {
            directory.AddRange([.. Number((int)tag, 2), .. Number(type, 2), .. Number(count, 4)]);
            directory.AddRange(value.Length > 4 ? Number(_bytes.Count, 4) : [.. value, .. new byte[4 - value.Length]]);
            _bytes.AddRange(value.Length > 4 ? value : []);
        }

        byte[] start = Number(_bytes.Count, 4);
        for (int i = 0; i < start.Length; i++)
        {
            _bytes[_link + i] = start[i];
        }

        _link = _bytes.Count + directory.Count;
        _bytes.AddRange([.. directory, 0, 0, 0, 0]);
    }

    private byte[] Number(long value, int size)
    {
        byte[] bytes = new byte[8];
        if (bigEndian)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            return bytes[^size..];
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes[..size];
    }
}
