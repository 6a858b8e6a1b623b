using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Png;

namespace SelfAdapt.Fuzz;

/// <summary>Changes that keep a file well-formed enough to get past its reader's first checks.</summary>
internal static class FormatMutators
{
    private static readonly string[] Names =
    [
        "../outside", "/etc/passwd", "C:\\x", "..\\x", ".", "..", "a/../../b", "data.pkl", "\0", "rdf.yaml", "con",
    ];

    private static readonly string[] Words =
    [
        "null", "true", "[]", "{}", "\"\"", "-1", "1e999", "99999999999999999999", "NaN", "\"NaN\"", "[[[[[[[[[[",
        "{\"a\":", ":", ",", "'", "\"", "\n", "- ", "  ", "\t", "|", ">", "&a", "*a", "!!x", "\\u", "\\ud800", "#", "0",
        "2147483648", "(", ")", "True", "L", "<f4", "|O", "-9223372036854775808", "0.0000001", "\ud83d\ude00",
    ];

    /// <summary>TIFF: a tag's type, count or value, the number of tags, or the link to the next page (loops too).</summary>
    public static byte[]? Tiff(byte[] seed, byte[] other, RandomStream random)
    {
        byte[] bytes = [.. seed];
        List<(int At, int Width)> fields = [];
        List<int> links = [4];
        bool big = bytes.Length > 4 && bytes[0] == 'M';
        bool wide = bytes.Length > 16 && (bytes[2] == 43 || bytes[3] == 43);
        long next = bytes.Length < 8 ? 0 : wide ? Get(bytes, 8, 8, big) : Get(bytes, 4, 4, big);
        links[0] = wide ? 8 : 4;
        for (int page = 0; page < 8 && next > 0 && next + 8 < bytes.Length; page++)
        {
            int at = (int)next;
            int count = (int)Math.Min(64, Get(bytes, at, wide ? 8 : 2, big));
            fields.Add((at, 2));
            at += wide ? 8 : 2;
            int size = wide ? 20 : 12;
            for (int i = 0; i < count && at + size <= bytes.Length; i++, at += size)
            {
                fields.AddRange([(at, 2), (at + 2, 2), (at + 4, wide ? 8 : 4)]);
                fields.AddRange(Enumerable.Repeat((at + (wide ? 12 : 8), wide ? 8 : 4), 4));
            }

            links.Add(at);
            next = at + 8 <= bytes.Length ? Get(bytes, at, wide ? 8 : 4, big) : 0;
        }

        if (fields.Count == 0)
        {
            return null;
        }

        for (int changes = 1 + random.NextIndex(3); changes > 0; changes--)
        {
            if (random.NextIndex(8) == 0)
            {
                int link = links[random.NextIndex(links.Count)];
                ulong to = random.NextBool(0.5) ? (ulong)fields[0].At : (ulong)random.NextIndex(bytes.Length);
                Put(bytes, link, wide ? 8 : 4, big, to);
            }
            else
            {
                (int at, int width) = fields[random.NextIndex(fields.Count)];
                ulong value = random.NextBool(0.5)
                    ? ByteMutator.Extreme(random)
                    : (ulong)random.NextIndex(random.NextBool(0.5) ? 20 : bytes.Length);
                Put(bytes, at, width, big, value);
            }
        }

        return bytes;
    }

    /// <summary>PNG: a chunk's content, length, type, place; checksums are made right again.</summary>
    public static byte[]? Png(byte[] seed, byte[] other, RandomStream random)
    {
        List<(byte[] Type, byte[] Data)> chunks = [];
        for (int at = 8; at + 12 <= seed.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(seed.AsSpan(at));
            if (length < 0 || length > seed.Length - at - 12)
            {
                return null;
            }

            chunks.Add((seed[(at + 4)..(at + 8)], seed[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }

        if (chunks.Count == 0)
        {
            return null;
        }

        int i = random.NextIndex(chunks.Count);
        switch (random.NextIndex(5))
        {
            case 0:
                chunks.RemoveAt(i);
                break;
            case 1:
                chunks.Insert(random.NextIndex(chunks.Count + 1), chunks[i]);
                break;
            case 2 when chunks[i].Type.AsSpan().SequenceEqual("IDAT"u8):
                chunks[i] = (chunks[i].Type, Reinflate(chunks[i].Data, random));
                break;
            default:
                chunks[i] = (chunks[i].Type, ByteMutator.Mutate(chunks[i].Data, [], random));
                break;
        }

        using MemoryStream stream = new();
        stream.Write(PngReader.Signature);
        Span<byte> number = stackalloc byte[4];
        foreach ((byte[] type, byte[] data) in chunks)
        {
            byte[] typed = [.. type, .. data];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            stream.Write(number);
            stream.Write(typed);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(typed));
            stream.Write(number);
        }

        return stream.ToArray();
    }

    /// <summary>Zip: an entry's content (by its own mutator), its name, twice, away; or the directory's numbers.</summary>
    /// <param name="compressed">Whether entries are deflated.</param>
    /// <param name="inner">Changes the content of an entry, given its name.</param>
    public static StructuredMutator Zip(bool compressed, Func<string, byte[], RandomStream, byte[]> inner) =>
        (seed, other, random) =>
        {
            if (random.NextIndex(3) == 0)
            {
                return ZipDirectory(seed, random);
            }

            List<(string Name, byte[] Content)> entries = [];
            try
            {
                using ZipArchive zip = new(new MemoryStream(seed), ZipArchiveMode.Read);
                foreach (ZipArchiveEntry entry in zip.Entries.Where(e => e.Length < 1 << 20))
                {
                    using Stream content = entry.Open();
                    using MemoryStream copy = new();
                    content.CopyTo(copy);
                    entries.Add((entry.FullName, copy.ToArray()));
                }
            }
            catch (InvalidDataException)
            {
                return null;
            }

            if (entries.Count == 0)
            {
                return null;
            }

            int i = random.NextIndex(4) == 0
                ? random.NextIndex(entries.Count)
                : entries.FindIndex(e => e.Name.EndsWith("data.pkl", StringComparison.Ordinal)
                    || e.Name.EndsWith(".yaml", StringComparison.Ordinal));
            i = Math.Max(i, 0);
            switch (random.NextIndex(8))
            {
                case 0:
                    entries[i] = (Names[random.NextIndex(Names.Length)], entries[i].Content);
                    break;
                case 1:
                    entries.Add(entries[i]);
                    break;
                case 2:
                    entries.RemoveAt(i);
                    break;
                default:
                    entries[i] = (entries[i].Name, inner(entries[i].Name, entries[i].Content, random));
                    break;
            }

            return SeedFiles.Zip(compressed, entries);
        };

    /// <summary>Pickle: an opcode or an argument; the whole stays aligned more often than with bytes alone.</summary>
    public static byte[] Pickle(byte[] seed, byte[] other, RandomStream random)
    {
        const string Opcodes = "()]N.aeBGJKMQRXbchjqrst u}";
        byte[] bytes = [.. seed];
        if (bytes.Length == 0)
        {
            return bytes;
        }

        for (int changes = 1 + random.NextIndex(3); changes > 0; changes--)
        {
            int at = random.NextIndex(bytes.Length);
            switch (random.NextIndex(4))
            {
                case 0:
                    bytes[at] = (byte)Opcodes[random.NextIndex(Opcodes.Length)];
                    break;
                case 1:
                    bytes = [.. bytes[..at], (byte)Opcodes[random.NextIndex(Opcodes.Length)], .. bytes[at..]];
                    break;
                case 2:
                    bytes = [.. bytes[..at], .. "cos\nsystem\n"u8, .. bytes[at..]];
                    break;
                default:
                    int integer = Array.IndexOf(bytes, (byte)'J', at);
                    if (integer >= 0 && integer + 5 <= bytes.Length)
                    {
                        Put(bytes, integer + 1, 4, false, ByteMutator.Extreme(random));
                    }

                    break;
            }
        }

        return bytes;
    }

    /// <summary>Text: words of the format's own kind put in, lines doubled or dropped, deep nesting.</summary>
    public static byte[] Text(byte[] seed, byte[] other, RandomStream random)
    {
        StringBuilder text = new(Encoding.UTF8.GetString(seed));
        for (int changes = 1 + random.NextIndex(3); changes > 0; changes--)
        {
            int at = random.NextIndex(text.Length + 1);
            int left = text.Length - at;
            switch (random.NextIndex(4))
            {
                case 0:
                    text.Insert(at, Words[random.NextIndex(Words.Length)]);
                    break;
                case 1 when left > 0:
                    text.Remove(at, 1 + random.NextIndex(Math.Min(left, 20)));
                    text.Insert(at, Words[random.NextIndex(Words.Length)]);
                    break;
                case 2 when random.NextIndex(20) == 0:
                    text.Insert(at, Words[random.NextIndex(Words.Length)], 1 + random.NextIndex(20_000));
                    break;
                case 3 when left > 0:
                    text.Insert(random.NextIndex(text.Length), text.ToString(at, 1 + random.NextIndex(left)));
                    break;
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>NPY: the header's text, with its length made right again.</summary>
    public static byte[]? Npy(byte[] seed, byte[] other, RandomStream random)
    {
        int length = seed.Length < 10 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(seed.AsSpan(8));
        if (length == 0 || seed.Length < 10 + length)
        {
            return null;
        }

        byte[] header = Text(seed[10..(10 + length)], [], random);
        byte[] bytes = [.. seed[..10], .. header, .. seed[(10 + length)..]];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)header.Length);
        return bytes;
    }

    /// <summary>A checkpoint: any change, with the checksum over it made right again; the header's text half the time.</summary>
    public static byte[]? Checkpoint(byte[] seed, byte[] other, RandomStream random)
    {
        const int Head = 12;
        if (seed.Length < Head + SHA256.HashSizeInBytes)
        {
            return null;
        }

        byte[] content = seed[..^SHA256.HashSizeInBytes];
        int length = BitConverter.ToInt32(content, 8);
        if (random.NextBool(0.7) && length > 0 && length < content.Length - Head)
        {
            byte[] header = Text(content[Head..(Head + length)], [], random);
            content = [.. content[..8], .. BitConverter.GetBytes(header.Length), .. header, .. content[(Head + length)..]];
        }
        else
        {
            content = ByteMutator.Mutate(content, [], random);
        }

        return [.. content, .. SHA256.HashData(content)];
    }

    private static byte[] Reinflate(byte[] data, RandomStream random)
    {
        try
        {
            using ZLibStream zlib = new(new MemoryStream(data), CompressionMode.Decompress);
            using MemoryStream rows = new();
            zlib.CopyTo(rows);
            return Inflater.Deflate(ByteMutator.Mutate(rows.ToArray(), [], random));
        }
        catch (InvalidDataException)
        {
            return data;
        }
    }

    /// <summary>Numbers in the local headers, the central directory and its end.</summary>
    private static byte[] ZipDirectory(byte[] seed, RandomStream random)
    {
        byte[] bytes = [.. seed];
        List<int> records = [];
        for (int i = 0; i + 46 < bytes.Length; i++)
        {
            if (bytes[i] == 'P' && bytes[i + 1] == 'K' && bytes[i + 2] <= 7)
            {
                records.Add(i);
            }
        }

        for (int changes = 1 + random.NextIndex(3); records.Count > 0 && changes > 0; changes--)
        {
            int at = records[random.NextIndex(records.Count)] + 4 + (2 * random.NextIndex(20));
            Put(bytes, at, 2 << random.NextIndex(2), false, ByteMutator.Extreme(random));
        }

        return bytes;
    }

    private static long Get(byte[] bytes, long at, int width, bool bigEndian)
    {
        ulong value = 0;
        for (int i = 0; i < width && at + i < bytes.Length; i++)
        {
            value |= (ulong)bytes[at + i] << (8 * (bigEndian ? width - 1 - i : i));
        }

        return (long)(value & long.MaxValue);
    }

    private static void Put(byte[] bytes, int at, int width, bool bigEndian, ulong value)
    {
        for (int i = 0; i < width && at + i < bytes.Length; i++)
        {
            bytes[at + i] = (byte)(value >> (8 * (bigEndian ? width - 1 - i : i)));
        }
    }
}
