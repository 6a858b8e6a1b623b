using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// A file of the labels that a streamed image has so far. It only grows, and every record carries its checksum:
/// whatever breaks off the run, what was noted last can be gone on from.
/// </summary>
/// <remarks>
/// 8 bytes of magic; SHA-256 of what decides the result; records of kind, length, CRC-32 and content. Rows are deflated
/// little-endian labels; a mark is Top, CoreTop, Cells and the deflated labels begun.
/// </remarks>
internal sealed class UnfinishedMasks(Stream file, int height, int width) : IDisposable
{
    private const int HeadLength = 8 + SHA256.HashSizeInBytes;
    private const int RecordHead = 12;
    private const int RowsKind = 1;
    private const int MarkKind = 2;
    private const int MarkLength = 12;
    private const int LabelsPerRecord = 1 << 20;

    private static readonly byte[] Magic = "SAMASKS1"u8.ToArray();

    /// <summary>Opens the file of a broken-off run, or begins one.</summary>
    /// <param name="decides">All that decides the result, as text: a file from anything else is begun anew.</param>
    public static UnfinishedMasks Open(
        string path, string decides, int height, int width, LabelRows finished, out MaskProgress? progress)
    {
        byte[] head = [.. Magic, .. SHA256.HashData(Encoding.UTF8.GetBytes($"{decides}\n{height} {width}"))];
        UnfinishedMasks masks = new(Disk.Current.Grow(path, anew: false), height, width);
        try
        {
            progress = masks.Read(head, finished);
            return masks;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            masks.Dispose();
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"the labels of a broken-off run in it can't be used. Delete it.", e);
        }
        catch
        {
            masks.Dispose();
            throw;
        }
    }

    /// <summary>Notes rows that are final.</summary>
    /// <param name="rows">[rows, width], whole rows.</param>
    public void Add(ReadOnlySpan<int> rows)
    {
        int most = Math.Max(1, LabelsPerRecord / width) * width;
        for (; !rows.IsEmpty; rows = rows[Math.Min(most, rows.Length)..])
        {
            Append(RowsKind, Content(null, rows[..Math.Min(most, rows.Length)]));
        }
    }

    /// <summary>Notes how far the masks are; the rows before it count from now on.</summary>
    public void Mark(MaskProgress progress)
    {
        Append(MarkKind, Content(progress, progress.Begun));
        file.Flush();
    }

    public void Dispose() => file.Dispose();

    private void Append(int kind, byte[] content)
    {
        using BinaryWriter writer = new(file, Encoding.UTF8, leaveOpen: true);
        writer.Write(kind);
        writer.Write(content.Length);
        writer.Write(Crc32.HashToUInt32(content));
        writer.Write(content);
    }

    private MaskProgress? Read(byte[] head, LabelRows finished)
    {
        byte[] found = new byte[HeadLength];
        long end = 0;
        if (file.ReadAtLeast(found, HeadLength, throwOnEndOfStream: false) == HeadLength && found.SequenceEqual(head))
        {
            // Rows behind the last whole mark, and a record that was cut off, are written again.
            while (NextRecord() is { } record)
            {
                end = record.Kind == MarkKind ? file.Position : end;
            }
        }

        if (end == 0)
        {
            file.SetLength(0);
            file.Write(head);
            return null;
        }

        file.SetLength(end);
        file.Position = HeadLength;
        MaskProgress? last = null;
        int rows = 0;
        while (NextRecord() is { } record)
        {
            if (record.Kind == RowsKind)
            {
                int[] labels = Inflate(record.Content, 0);
                finished(labels);
                rows += labels.Length / width;
            }
            else
            {
                last = ToProgress(record.Content);
            }
        }

        return last!.Top == rows
            ? last
            : throw new InvalidDataException();
    }

    private MaskProgress ToProgress(byte[] content) => new(
        BinaryPrimitives.ReadInt32LittleEndian(content), BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(4)),
        BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(8)), Inflate(content, MarkLength));

    private (int Kind, byte[] Content)? NextRecord()
    {
        Span<byte> head = stackalloc byte[RecordHead];
        if (file.ReadAtLeast(head, RecordHead, throwOnEndOfStream: false) < RecordHead)
        {
            return null;
        }

        int kind = BinaryPrimitives.ReadInt32LittleEndian(head);
        int length = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (kind is not (RowsKind or MarkKind) || length < 0 || length > file.Length - file.Position)
        {
            return null;
        }

        byte[] content = new byte[length];
        file.ReadExactly(content);
        return Crc32.HashToUInt32(content) == BinaryPrimitives.ReadUInt32LittleEndian(head[8..]) ? (kind, content) : null;
    }

    private static byte[] Content(MaskProgress? progress, ReadOnlySpan<int> labels)
    {
        using MemoryStream buffer = new();
        using BinaryWriter writer = new(buffer);
        if (progress is not null)
        {
            writer.Write(progress.Top);
            writer.Write(progress.CoreTop);
            writer.Write(progress.Cells);
        }

        writer.Write(labels.Length);
        using (ZLibStream zlib = new(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(MemoryMarshal.AsBytes(labels));
        }

        return buffer.ToArray();
    }

    private int[] Inflate(byte[] content, int room)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(room));
        if (count < 0 || count % width != 0 || count / width > height)
        {
            throw new InvalidDataException();
        }

        int[] labels = new int[count];
        using MemoryStream compressed = new(content, room + sizeof(int), content.Length - room - sizeof(int));
        using ZLibStream zlib = new(compressed, CompressionMode.Decompress);
        zlib.ReadExactly(MemoryMarshal.AsBytes(labels.AsSpan()));
        return labels;
    }
}
