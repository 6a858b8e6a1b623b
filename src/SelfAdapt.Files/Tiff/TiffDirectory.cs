using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Files.Tiff;

/// <summary>One image file directory (page) of a TIFF or BigTIFF file: tags with their values.</summary>
internal sealed class TiffDirectory
{
    private readonly FileBytes _file;
    private readonly Dictionary<int, (int Type, long Count, long Offset)> _entries = [];
    private long _next;
    private readonly bool _bigTiff;
    private bool _isLinked;

    private TiffDirectory(FileBytes file, bool bigEndian, bool bigTiff, int number)
        => (_file, BigEndian, _bigTiff, Number) = (file, bigEndian, bigTiff, number);

    /// <summary>Whether numbers have their high byte first.</summary>
    public bool BigEndian { get; }

    /// <summary>1-based position among the file's pages.</summary>
    public int Number { get; }

    /// <summary>Whether a file begins like a TIFF or BigTIFF.</summary>
    /// <param name="content">The file's first bytes.</param>
    public static bool Sniff(ReadOnlySpan<byte> content)
        => content.StartsWith("II*\0"u8) || content.StartsWith("MM\0*"u8)
            || content.StartsWith("II+\0"u8) || content.StartsWith("MM\0+"u8);

    /// <summary>Reads the chain of directories.</summary>
    /// <param name="rubbish">Why the chain was not followed to its end; null if it was.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the first directory lies outside the file, or there are too many.
    /// </exception>
    public static List<TiffDirectory> ReadAll(FileBytes file, out string? rubbish)
    {
        (long next, bool bigEndian, bool bigTiff) = ReadHeader(file);
        rubbish = null;
        HashSet<long> seen = [];
        List<TiffDirectory> pages = [];
        while (next != 0)
        {
            if (pages.Count == ImageLimits.Pages)
            {
                throw file.Unsupported($"it has more than the {ImageLimits.Pages:N0} pages that are read");
            }

            TiffDirectory page = new(file, bigEndian, bigTiff, pages.Count + 1);
            bool isNew = seen.Add(next);
            if (pages.Count == 0)
            {
                page.Parse(next);
            }
            else if (!isNew || !page.TryParse(next))
            {
                rubbish = $"what page {pages.Count} names as the next page is none: the pages up to it are read";
                break;
            }

            pages.Add(page);
            next = page._next;
            rubbish = page._isLinked ? null : $"the file ends before it says whether a page follows page {pages.Count}";
        }

        return pages.Count > 0 ? pages : throw file.Malformed("it has no page");
    }

    /// <summary>Reads the first directory alone.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it lies outside the file.</exception>
    public static TiffDirectory ReadFirst(FileBytes file)
    {
        (long first, bool bigEndian, bool bigTiff) = ReadHeader(file);
        TiffDirectory page = new(file, bigEndian, bigTiff, 1);
        page.Parse(first);
        return page;
    }

    /// <summary>A directory that belongs to this one: a SubIFD. It goes by this one's number.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it lies outside the file.</exception>
    public TiffDirectory At(long offset)
    {
        TiffDirectory page = new(_file, BigEndian, _bigTiff, Number);
        page.Parse(offset);
        return page;
    }

    /// <summary>Whether a tag is there.</summary>
    public bool Has(TiffTag tag) => _entries.ContainsKey((int)tag);

    /// <summary>A tag's single number.</summary>
    /// <param name="absent">The value if the tag is not there; null makes that an error.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: absent without a default, or not a number.
    /// </exception>
    public long NumberOr(TiffTag tag, long? absent)
    {
        if (!Has(tag))
        {
            return absent ?? throw _file.Malformed($"page {Number} lacks the tag {tag}");
        }

        return Numbers(tag)[0];
    }

    /// <summary>A tag's numbers; empty if the tag is not there.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: they lie outside the file or are not integers.
    /// </exception>
    public long[] Numbers(TiffTag tag)
    {
        if (!_entries.TryGetValue((int)tag, out (int Type, long Count, long Offset) entry))
        {
            return [];
        }

        int size =
            entry.Type switch { 1 or 6 => 1, 3 or 8 => 2, 4 or 9 or 13 => 4, 16 or 17 or 18 => 8, _ => 0 };
        if (size == 0 || entry.Count == 0)
        {
            throw _file.Malformed($"the tag {tag} of page {Number} holds no whole numbers");
        }

        ReadOnlySpan<byte> stored =
            _file.Slice(entry.Offset, Saturated(entry.Count, size), $"the tag {tag} of page {Number}");
        long[] values = new long[entry.Count];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> number = stored.Slice(i * size, size);
            values[i] = size switch
            {
                1 => number[0],
                2 => Number16(number, BigEndian),
                4 => Number32(number, BigEndian),
                _ => Number64(number, BigEndian),
            };
            if (values[i] < 0)
            {
                throw _file.Malformed($"the tag {tag} of page {Number} holds a number out of range");
            }
        }

        return values;
    }

    /// <summary>A tag as it is stored.</summary>
    /// <param name="value">Its values' bytes, in the file's order.</param>
    /// <returns>False if the tag is not there.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: it lies outside the file.</exception>
    public bool TryGet(TiffTag tag, out int type, out int count, out byte[] value)
    {
        (type, count, value) = (0, 0, []);
        if (!_entries.TryGetValue((int)tag, out (int Type, long Count, long Offset) entry))
        {
            return false;
        }

        value = _file.Slice(entry.Offset, Saturated(entry.Count, TypeSize(entry.Type)), $"the tag {tag}").ToArray();
        (type, count) = (entry.Type, (int)entry.Count);
        return true;
    }

    /// <summary>How many values a tag has; 0 if it is not there.</summary>
    public long CountOf(TiffTag tag) =>
        _entries.TryGetValue((int)tag, out (int Type, long Count, long Offset) entry) ? entry.Count : 0;

    /// <summary>A tag's text; empty if there is none.</summary>
    public string Text(TiffTag tag)
    {
        if (!_entries.TryGetValue((int)tag, out (int Type, long Count, long Offset) entry)
            || entry.Type is not (1 or 2 or 7))
        {
            return string.Empty;
        }

        ReadOnlySpan<byte> text = _file.Slice(entry.Offset, entry.Count, $"the tag {tag} of page {Number}");
        return Encoding.UTF8.GetString(text).TrimEnd('\0');
    }

    private static (long First, bool BigEndian, bool BigTiff) ReadHeader(FileBytes file)
    {
        ReadOnlySpan<byte> start = file.Slice(0, Math.Min(4, file.Length), "the header");
        if (!Sniff(start))
        {
            throw file.Malformed("it does not begin like a TIFF file");
        }

        bool bigEndian = start[0] == 'M';
        bool bigTiff = start[2] == '+' || start[3] == '+';
        if (bigTiff && (Number16(file, 4, bigEndian) != 8 || Number16(file, 6, bigEndian) != 0))
        {
            throw file.Malformed("its BigTIFF header is not valid");
        }

        return (bigTiff ? Number64(file, 8, bigEndian) : Number32(file, 4, bigEndian), bigEndian, bigTiff);
    }

    private static int Number16(FileBytes file, long at, bool bigEndian) =>
        Number16(file.Slice(at, 2, "a 16-bit number"), bigEndian);

    private static int Number16(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadUInt16BigEndian(bytes)
        : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static long Number32(FileBytes file, long at, bool bigEndian) =>
        Number32(file.Slice(at, 4, "a 32-bit number"), bigEndian);

    private static long Number32(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long Number64(FileBytes file, long at, bool bigEndian) =>
        Number64(file.Slice(at, 8, "a 64-bit number"), bigEndian);

    private static long Number64(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadInt64BigEndian(bytes)
        : BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static long Saturated(long count, int size)
        => size > 0 && count > long.MaxValue / size ? long.MaxValue : count * size;

    private static int TypeSize(int type) => type switch
    {
        1 or 2 or 6 or 7 => 1,
        3 or 8 => 2,
        4 or 9 or 11 or 13 => 4,
        5 or 10 or 12 or 16 or 17 or 18 => 8,
        _ => 0,
    };

    /// <summary>Parses what a link between pages leads to, if that is a page.</summary>
    private bool TryParse(long at)
    {
        try
        {
            Parse(at);
            return Has(TiffTag.ImageWidth) && Has(TiffTag.ImageLength);
        }
        catch (SelfAdaptException)
        {
            return false;
        }
    }

    private void Parse(long at)
    {
        bool bigTiff = _bigTiff;
        int entrySize = bigTiff ? 20 : 12;
        long count = bigTiff ? Number64(_file, at, BigEndian) : Number16(_file, at, BigEndian);
        at += bigTiff ? 8 : 2;
        if (count < 0 || count > ushort.MaxValue)
        {
            throw _file.Malformed($"page {Number} declares {count} tags");
        }

        for (long i = 0; i < count; i++, at += entrySize)
        {
            int tag = Number16(_file, at, BigEndian);
            int type = Number16(_file, at + 2, BigEndian);
            long length = bigTiff ? Number64(_file, at + 4, BigEndian) : Number32(_file, at + 4, BigEndian);
            long value = at + (bigTiff ? 12 : 8);
            if (length < 0)
            {
                throw _file.Malformed($"tag {tag} of page {Number} has an impossible length");
            }

            if (Saturated(length, TypeSize(type)) > (bigTiff ? 8 : 4))
            {
                value = bigTiff ? Number64(_file, value, BigEndian) : Number32(_file, value, BigEndian);
            }

            _entries.TryAdd(tag, (type, length, value));
        }

        // Some writers leave out the last page's link; a file that was cut off may have lost it.
        _isLinked = at <= _file.Length - (bigTiff ? 8 : 4);
        _next = !_isLinked ? 0 : bigTiff ? Number64(_file, at, BigEndian) : Number32(_file, at, BigEndian);
    }
}
