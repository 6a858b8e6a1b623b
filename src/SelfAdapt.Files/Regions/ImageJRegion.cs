using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Text;

namespace SelfAdapt.Files.Regions;

/// <summary>
/// A region as ImageJ's ROI manager keeps it: a header, corners relative to their box, a second header, the name; big-endian.
/// </summary>
/// <param name="Group">ImageJ's group, 0 for none.</param>
/// <param name="Width">Of a line, px; 0 where nothing is said.</param>
/// <param name="Corners">
/// Of lines and points in pixels, of areas in pixels' upper left corners; a rectangle and an oval have two, of their box.
/// </param>
internal sealed record ImageJRegion(string Name, RegionShape Shape, int Group, float Width, IReadOnlyList<Vector2> Corners)
{
    /// <summary>Coordinates are kept in 16 bits.</summary>
    public const int LongestSide = short.MaxValue;

    private const string Ending = ".roi";
    private const int Version = 227;
    private const int HeaderLength = 64;
    private const int Header2Length = 64;
    private const int FirstWithHeader2 = 221;
    private const int FirstWithFractions = 222;
    private const int FractionsFlag = 128;
    private const int TextKind = 1;
    private const int ImageKind = 4;

    // Of all regions of a file.
    private const int MostUnpacked = 16 << 20;
    private const int PartLength = 1 << 14;

    // The first instant a zip file can express; a real date would make equal results differ.
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public bool IsArea => Shape is RegionShape.Polygon or RegionShape.Rectangle or RegionShape.Oval or RegionShape.Freehand or RegionShape.Traced;

    /// <summary>Whether a file is called as one of regions is: .roi, or .zip for several.</summary>
    public static bool IsName(string path) =>
        Path.GetExtension(path).ToUpperInvariant() is ".ROI" or ".ZIP";

    /// <summary>The regions of a file, in its order: of one region, or of a zip of them.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: not such a file, or a region of a kind that has no shape of its own.</exception>
    public static IReadOnlyList<ImageJRegion> Read(string path)
    {
        FileBytes file = FileBytes.Load(path);
        if (!file.All.StartsWith("PK"u8))
        {
            return [Decode(file, Path.GetFileNameWithoutExtension(path))];
        }

        try
        {
            using ZipArchive zip = new(new MemoryStream(file.All.ToArray(), writable: false), ZipArchiveMode.Read);
            List<ImageJRegion> regions = [];
            int left = MostUnpacked;
            foreach (ZipArchiveEntry entry in zip.Entries.Where(e => e.Name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase)))
            {
                FileBytes content = Unpack(entry, path, left);
                left -= (int)content.Length;
                regions.Add(Decode(content, Path.GetFileNameWithoutExtension(entry.Name)));
            }

            return regions;
        }
        catch (InvalidDataException e)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, path, $"is no zip of ImageJ regions: {e.Message}", e);
        }
    }

    /// <summary>Writes regions, each under its name, as a zip that the ROI manager opens.</summary>
    /// <param name="regions">Polygons of whole numbers from 0 to <see cref="LongestSide"/>, their names different.</param>
    public static void Write(string path, IEnumerable<ImageJRegion> regions) => OutputFile.Write(path, stream =>
    {
        using ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (ImageJRegion region in regions)
        {
            ZipArchiveEntry entry = zip.CreateEntry(region.Name + Ending, CompressionLevel.Fastest);
            entry.LastWriteTime = Epoch;
            using Stream content = entry.Open();
            content.Write(region.Encode());
        }
    });

    private static FileBytes Unpack(ZipArchiveEntry entry, string path, int most)
    {
        // What an entry says of its length may be wrong.
        using Stream stream = entry.Open();
        using MemoryStream content = new();
        byte[] part = new byte[Math.Min(PartLength, most + 1)];
        for (int read; (read = stream.Read(part)) > 0;)
        {
            content.Write(part, 0, read);
            if (content.Length > most)
            {
                throw new SelfAdaptException(
                    ErrorKind.UnreadableInput, path, $"holds regions of more than {MostUnpacked >> 20} MB.");
            }
        }

        return new FileBytes($"{path}, {entry.FullName}", content.ToArray());
    }

    private static ImageJRegion Decode(FileBytes file, string name)
    {
        if (file.Length < HeaderLength || !file.All.StartsWith("Iout"u8))
        {
            throw Unreadable("is no region of ImageJ");
        }

        int version = Short(4);
        byte type = file.All[6];
        int kind = Short(48);
        if (Int(36) > 0)
        {
            throw Unreadable("is put together of several shapes; split it in ImageJ (More, Split)");
        }

        if (!Enum.IsDefined((RegionShape)type) || kind is TextKind or ImageKind)
        {
            throw Unreadable("is text, a picture or nothing, not a shape");
        }

        RegionShape shape = (RegionShape)type;
        (int top, int left, int bottom, int right) = (Signed(8), Signed(10), Signed(12), Signed(14));
        bool fractions = version >= FirstWithFractions && (Short(50) & FractionsFlag) != 0;
        int count = Short(16);
        Vector2[] corners = shape switch
        {
            RegionShape.Line => [new(Float(18), Float(22)), new(Float(26), Float(30))],
            RegionShape.Rectangle or RegionShape.Oval when fractions =>
                [new(Float(18), Float(22)), new(Float(18) + Float(26), Float(22) + Float(30))],
            RegionShape.Rectangle or RegionShape.Oval => [new(left, top), new(right, bottom)],
            _ => [.. Enumerable.Range(0, count).Select(Corner)],
        };
        int header2 = version >= FirstWithHeader2 ? Int(60) : 0;
        return new(
            header2 > 0 ? Title() : name, shape, header2 > 0 ? Take(header2 + 30, 1)[0] : 0,
            header2 > 0 && Float(header2 + 36) is > 0 and var width ? width : Short(34), corners);

        Vector2 Corner(int i)
        {
            int floats = HeaderLength + (4 * count);
            return fractions
                ? new(Float(floats + (4 * i)), Float(floats + (4 * (count + i))))
                : new(left + Signed(HeaderLength + (2 * i)), top + Signed(HeaderLength + (2 * (count + i))));
        }

        string Title()
        {
            (int at, int length) = (Int(header2 + 16), Int(header2 + 20));
            return at > 0 && length is > 0 and < 1000 ? Encoding.BigEndianUnicode.GetString(Take(at, 2 * length)) : name;
        }

        ReadOnlySpan<byte> Take(int at, int length) =>
            at >= 0 && at + (long)length <= file.Length ? file.All.Slice(at, length) : throw Unreadable("ends too early");

        int Short(int at) => BinaryPrimitives.ReadUInt16BigEndian(Take(at, 2));

        int Signed(int at) => BinaryPrimitives.ReadInt16BigEndian(Take(at, 2));

        int Int(int at) => BinaryPrimitives.ReadInt32BigEndian(Take(at, 4));

        float Float(int at) => BinaryPrimitives.ReadSingleBigEndian(Take(at, 4));

        SelfAdaptException Unreadable(string why) => new(ErrorKind.UnreadableInput, file.Name, why + ".");
    }

    private byte[] Encode()
    {
        (int left, int top) = ((int)Corners.Min(p => p.X), (int)Corners.Min(p => p.Y));
        int header2 = HeaderLength + (4 * Corners.Count);
        byte[] bytes = new byte[header2 + Header2Length + (2 * Name.Length)];
        "Iout"u8.CopyTo(bytes);
        Short(4, Version);
        bytes[6] = (byte)Shape;
        Short(8, top);
        Short(10, left);
        Short(12, (int)Corners.Max(p => p.Y));
        Short(14, (int)Corners.Max(p => p.X));
        Short(16, Corners.Count);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(60), header2);
        for (int i = 0; i < Corners.Count; i++)
        {
            Short(HeaderLength + (2 * i), (int)Corners[i].X - left);
            Short(HeaderLength + (2 * (Corners.Count + i)), (int)Corners[i].Y - top);
        }

        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(header2 + 16), header2 + Header2Length);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(header2 + 20), Name.Length);
        bytes[header2 + 30] = checked((byte)Group);
        Encoding.BigEndianUnicode.GetBytes(Name).CopyTo(bytes, header2 + Header2Length);
        return bytes;

        void Short(int at, int value) =>
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), checked((ushort)value));
    }
}
