using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>
/// Cells as ImageJ regions in a zip file, as ImageJ's ROI manager opens it: one traced region per cell, named by its
/// label, that covers exactly the cell's largest part (roughly where its outline has more than 65,535 corners). Holes are
/// filled: a traced region has none.
/// </summary>
internal static class RoiArchive
{
    /// <summary>Coordinates are kept in 16 bits.</summary>
    public const int LongestSide = short.MaxValue;

    private const int Version = 227;
    private const byte Traced = 8;
    private const int HeaderLength = 64;
    private const int Header2Length = 64;

    // The first instant a zip file can express; a real date would make equal results differ.
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="masks">The cells; coordinates must be below 32,768, as the format keeps 16 bits.</param>
    public static void Write(string path, LabelImage masks)
    {
        if (Math.Max(masks.Width, masks.Height) > LongestSide)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path,
                $"ImageJ's regions reach to {LongestSide:N0} px, but the image is {masks.Width:N0}x"
                + $"{masks.Height:N0}. Write GeoJSON instead.");
        }

        OutputFile.Write(path, stream =>
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);
            OutlineTracer tracer = new(masks);
            foreach ((int label, LabelRegion region) in CellList.Of(masks))
            {
                string name = label.ToString("D4", CultureInfo.InvariantCulture);
                OutlinePoint[] ring = tracer.Polygons(label, region).Select(p => p[0]).MaxBy(OutlineTracer.Area)!;
                ZipArchiveEntry entry = zip.CreateEntry(name + ".roi", CompressionLevel.Fastest);
                entry.LastWriteTime = Epoch;
                using Stream content = entry.Open();
                content.Write(Encode(name, Countable(ring)));
            }
        });
    }

    /// <summary>A ring with as many corners as a region can count: of a longer one, every other, or fewer.</summary>
    private static OutlinePoint[] Countable(OutlinePoint[] ring) => ring.Length <= ushort.MaxValue
        ? ring
        : Countable([.. ring.Where((_, i) => i % 2 == 0)]);

    /// <summary>One region: header, corners relative to its box, second header, name; big-endian.</summary>
    private static byte[] Encode(string name, OutlinePoint[] ring)
    {
        (int left, int top) = (ring.Min(p => p.X), ring.Min(p => p.Y));
        int header2 = HeaderLength + (4 * ring.Length);
        byte[] bytes = new byte[header2 + Header2Length + (2 * name.Length)];
        Encoding.ASCII.GetBytes("Iout").CopyTo(bytes, 0);
        Short(4, Version);
        bytes[6] = Traced;
        Short(8, top);
        Short(10, left);
        Short(12, ring.Max(p => p.Y));
        Short(14, ring.Max(p => p.X));
        Short(16, ring.Length);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(60), header2);
        for (int i = 0; i < ring.Length; i++)
        {
            Short(HeaderLength + (2 * i), ring[i].X - left);
            Short(HeaderLength + (2 * (ring.Length + i)), ring[i].Y - top);
        }

        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(header2 + 16), header2 + Header2Length);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(header2 + 20), name.Length);
        Encoding.BigEndianUnicode.GetBytes(name).CopyTo(bytes, header2 + Header2Length);
        return bytes;

        void Short(int at, int value) =>
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), checked((ushort)value));
    }
}
