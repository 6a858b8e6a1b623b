using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// What the blocks of one band keep, in a file: bands of one image are found by several processes and painted by one.
/// </summary>
/// <remarks>
/// 8 bytes of magic; SHA-256 of what decides the result; height, width, core, margin and band; how many blocks; each with top, left,
/// height, width and its deflated little-endian numbers behind their length; the file's CRC-32.
/// </remarks>
internal static class BandFile
{
    private const string Magic = "SABAND01";

    /// <summary>Writes a band.</summary>
    /// <param name="decides">All that decides the result, as text.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the file can't be written.</exception>
    public static void Write(string path, string decides, BlockGrid grid, int band, IReadOnlyList<BlockCells> blocks)
    {
        using MemoryStream content = new();
        using BinaryWriter writer = new(content);
        WriteHead(writer, decides, grid, band);
        writer.Write(blocks.Count);
        foreach (BlockCells block in blocks)
        {
            using MemoryStream packed = new();
            using (ZLibStream zlib = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                zlib.Write(MemoryMarshal.AsBytes(block.Cells.Labels.AsSpan()));
            }

            foreach (int number in (ReadOnlySpan<int>)[block.Top, block.Left, block.Cells.Height, block.Cells.Width, (int)packed.Length])
            {
                writer.Write(number);
            }

            writer.Write(packed.GetBuffer(), 0, (int)packed.Length);
        }

        writer.Flush();
        writer.Write(Crc32.HashToUInt32(content.GetBuffer().AsSpan(0, (int)content.Length)));
        OutputFile.WriteDurably(path, content.ToArray());
    }

    /// <summary>How the image of a band's file was cut; null where it is none of these results, or damaged.</summary>
    public static BlockGrid? GridOf(string path, string decides) =>
        Open(path, decides, null) is { } file ? file.Grid : null;

    /// <summary>Whether a band's file is whole and of these results.</summary>
    public static bool IsWhole(string path, string decides, BlockGrid grid, int band) =>
        Open(path, decides, (grid, band)) is not null;

    /// <summary>Reads a band; null where it is none of these results, or damaged.</summary>
    public static IReadOnlyList<BlockCells>? Read(string path, string decides, BlockGrid grid, int band)
    {
        if (Open(path, decides, (grid, band)) is not { } file)
        {
            return null;
        }

        using BinaryReader reader = file.Reader;
        BlockCells[] blocks = new BlockCells[reader.ReadInt32()];
        for (int b = 0; b < blocks.Length; b++)
        {
            (int top, int left, int height, int width) =
                (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
            int[] labels = new int[height * width];
            using MemoryStream packed = new(reader.ReadBytes(reader.ReadInt32()));
            using ZLibStream zlib = new(packed, CompressionMode.Decompress);
            zlib.ReadExactly(MemoryMarshal.AsBytes(labels.AsSpan()));
            blocks[b] = new(top, left, new LabelImage(height, width, labels));
        }

        return blocks;
    }

    private static void WriteHead(BinaryWriter writer, string decides, BlockGrid grid, int band)
    {
        writer.Write(Encoding.ASCII.GetBytes(Magic));
        writer.Write(SHA256.HashData(Encoding.UTF8.GetBytes(decides)));
        foreach (int number in (ReadOnlySpan<int>)[grid.Height, grid.Width, grid.Core, grid.Margin, band])
        {
            writer.Write(number);
        }
    }

    /// <summary>Checks a file's head and checksum.</summary>
    /// <param name="needed">The cut and the band that it must be of; null for any.</param>
    private static (BlockGrid Grid, BinaryReader Reader)? Open(string path, string decides, (BlockGrid Grid, int Band)? needed)
    {
        const int Fixed = 8 + SHA256.HashSizeInBytes;
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        const int Numbers = 6 * sizeof(int);
        if (bytes.Length < Fixed + Numbers + sizeof(uint)
            || Crc32.HashToUInt32(bytes.AsSpan(0, bytes.Length - sizeof(uint))) != BitConverter.ToUInt32(bytes, bytes.Length - sizeof(uint)))
        {
            return null;
        }

        ReadOnlySpan<int> found = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(Fixed, 5 * sizeof(int)));
        BlockGrid grid = new(found[0], found[1], found[2], found[3]);
        using MemoryStream head = new();
        using BinaryWriter writer = new(head);
        WriteHead(writer, decides, needed?.Grid ?? grid, needed?.Band ?? found[4]);
        writer.Flush();
        if (!bytes.AsSpan().StartsWith(head.ToArray()))
        {
            return null;
        }

        return (grid, new BinaryReader(new MemoryStream(bytes) { Position = head.Length }));
    }
}
