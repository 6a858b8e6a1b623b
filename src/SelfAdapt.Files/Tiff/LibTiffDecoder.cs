using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using BitMiracle.LibTiff.Classic;
using LibTag = BitMiracle.LibTiff.Classic.TiffTag;
using LibTiff = BitMiracle.LibTiff.Classic.Tiff;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// What LibTiff decodes for us: fax, JPEG and colour models. It never sees the stranger's directories, but a file of one
/// page that is made here of what was checked.
/// </summary>
internal sealed class LibTiffDecoder(FileBytes file, TiffDirectory directory)
{
    public const int OldJpeg = 6;
    public const int Jpeg = 7;

    private const int HeaderBytes = 8;
    private const int Short = 3;
    private const int Long = 4;
    private const int Uncompressed = 1;
    private const int Gray = 1;
    private const int YCbCr = 6;

    private static readonly TiffTag[] CodecTags =
    [
        TiffTag.FillOrder, TiffTag.FaxGroup3Options, TiffTag.FaxGroup4Options, TiffTag.JpegTables,
        TiffTag.YCbCrSubsampling, TiffTag.YCbCrPositioning,
    ];

    private static readonly TiffTag[] ColourTags =
    [
        TiffTag.WhitePoint, TiffTag.YCbCrCoefficients, TiffTag.YCbCrSubsampling, TiffTag.YCbCrPositioning,
        TiffTag.ReferenceBlackWhite,
    ];

    private static readonly TiffTag[] OldJpegTags =
    [
        TiffTag.Photometric, TiffTag.StripOffsets, TiffTag.RowsPerStrip, TiffTag.StripByteCounts,
        TiffTag.OldJpegProcess, TiffTag.OldJpegStream, TiffTag.OldJpegStreamLength, TiffTag.OldJpegRestartInterval,
        TiffTag.OldJpegQuantTables, TiffTag.OldJpegDcTables, TiffTag.OldJpegAcTables, .. ColourTags,
    ];

    static LibTiffDecoder() => LibTiff.SetErrorHandler(new Complaints());

    /// <summary>Whether a compression is LibTiff's to decode.</summary>
    /// <param name="compression">The tag's number.</param>
    public static bool Decodes(long compression) => compression is 2 or 3 or 4 or 32771 or OldJpeg or Jpeg;

    /// <summary>Decodes one strip or tile.</summary>
    /// <param name="samples">Values of a pixel.</param>
    /// <param name="target">Receives the decoded bytes.</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: damaged data, or a JPEG of a kind that is not read.</exception>
    public void Decode(
        ReadOnlySpan<byte> data, int width, int height, int samples, int bits, Span<byte> target, string what)
    {
        long compression = directory.NumberOr(TiffTag.Compression, Uncompressed);
        if (compression == Jpeg)
        {
            JpegHeader.Check(file, data, width, height, what);
        }

        long photometric = samples == 1 ? Gray : directory.NumberOr(TiffTag.Photometric, Gray);
        byte[] block = target.ToArray();
        Read(Build(data, width, height, samples, bits, compression, photometric, CodecTags), what, tiff =>
        {
            if (photometric == YCbCr)
            {
                tiff.SetField(LibTag.JPEGCOLORMODE, JpegColorMode.RGB);
            }

            return tiff.ReadEncodedStrip(0, block, 0, block.Length) == block.Length;
        });
        block.CopyTo(target);
    }

    /// <summary>Makes colours of a block's values.</summary>
    /// <param name="values">One byte each, a pixel's values next to each other.</param>
    /// <param name="photometric">The colour model's number.</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <returns>[height, width, 3].</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: the colour model's parameters are impossible.</exception>
    public byte[] ToRgb(ReadOnlySpan<byte> values, int width, int height, int samples, long photometric, string what) =>
        ReadRgb(
            Build(values, width, height, samples, 8, Uncompressed, photometric, ColourTags), width, height, what);

    /// <summary>Decodes a page that is compressed with JPEG as TIFF 6.0 had it.</summary>
    /// <returns>[height, width, 3].</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: damaged data.</exception>
    public byte[] DecodeOldJpeg(int width, int height, int samples)
    {
        // Its tables and streams lie anywhere: the file stays as it is, with a directory of ours behind it.
        SortedDictionary<int, Entry> entries = Entries(width, height, samples, 8, OldJpeg, OldJpegTags);
        ReadOnlySpan<byte> content = file.Slice(0, file.Length, "the file");
        return ReadRgb(Assemble(content.ToArray(), entries), width, height, $"page {directory.Number}");
    }

    private byte[] Build(
        ReadOnlySpan<byte> data, int width, int height, int samples, int bits, long compression, long photometric,
        TiffTag[] copied)
    {
        SortedDictionary<int, Entry> entries = Entries(width, height, samples, bits, compression, copied);
        entries[(int)TiffTag.Photometric] = Numbers(Short, photometric);
        entries[(int)TiffTag.RowsPerStrip] = Numbers(Long, height);
        entries[(int)TiffTag.StripOffsets] = Numbers(Long, HeaderBytes);
        entries[(int)TiffTag.StripByteCounts] = Numbers(Long, data.Length);
        return Assemble([.. new byte[HeaderBytes], .. data], entries);
    }

    private SortedDictionary<int, Entry> Entries(
        int width, int height, int samples, int bits, long compression, TiffTag[] copied)
    {
        SortedDictionary<int, Entry> entries = new()
        {
            [(int)TiffTag.ImageWidth] = Numbers(Long, width),
            [(int)TiffTag.ImageLength] = Numbers(Long, height),
            [(int)TiffTag.BitsPerSample] = Numbers(Short, [.. Enumerable.Repeat((long)bits, samples)]),
            [(int)TiffTag.Compression] = Numbers(Short, compression),
            [(int)TiffTag.SamplesPerPixel] = Numbers(Short, samples),
            [(int)TiffTag.PlanarConfiguration] = Numbers(Short, 1),
        };
        foreach (TiffTag tag in copied)
        {
            if (directory.TryGet(tag, out int type, out int count, out byte[] value))
            {
                entries[(int)tag] = new(type, count, value);
            }
        }

        return entries;
    }

    private byte[] Assemble(byte[] content, SortedDictionary<int, Entry> entries)
    {
        int start = (content.Length + 1) & ~1;
        int after = start + sizeof(ushort) + (12 * entries.Count) + sizeof(uint);
        byte[] tiff = new byte[after + entries.Values.Sum(e => e.Value.Length > sizeof(uint) ? e.Value.Length : 0)];
        content.CopyTo(tiff, 0);
        (directory.BigEndian ? "MM\0*"u8 : "II*\0"u8).CopyTo(tiff);
        Number(start).CopyTo(tiff, 4);
        Number(entries.Count, sizeof(ushort)).CopyTo(tiff, start);
        int at = start + sizeof(ushort);
        foreach ((int tag, Entry entry) in entries)
        {
            Number(tag, sizeof(ushort)).CopyTo(tiff, at);
            Number(entry.Type, sizeof(ushort)).CopyTo(tiff, at + 2);
            Number(entry.Count).CopyTo(tiff, at + 4);
            if (entry.Value.Length > sizeof(uint))
            {
                Number(after).CopyTo(tiff, at + 8);
                entry.Value.CopyTo(tiff, after);
                after += entry.Value.Length;
            }
            else
            {
                entry.Value.CopyTo(tiff, at + 8);
            }

            at += 12;
        }

        return tiff;
    }

    private Entry Numbers(int type, params long[] values) => new(
        type, values.Length, [.. values.SelectMany(v => Number(v, type == Short ? sizeof(ushort) : sizeof(uint)))]);

    private byte[] Number(long value, int size = sizeof(uint))
    {
        byte[] bytes = new byte[sizeof(uint)];
        if (directory.BigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)value);
            return bytes[^size..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)value);
        return bytes[..size];
    }

    private byte[] ReadRgb(byte[] made, int width, int height, string what)
    {
        int[] raster = new int[width * height];
        Read(made, what, tiff => tiff.ReadRGBAImageOriented(width, height, raster, Orientation.TOPLEFT, true));
        byte[] rgb = new byte[raster.Length * 3];
        for (int i = 0; i < raster.Length; i++)
        {
            rgb[i * 3] = (byte)LibTiff.GetR(raster[i]);
            rgb[(i * 3) + 1] = (byte)LibTiff.GetG(raster[i]);
            rgb[(i * 3) + 2] = (byte)LibTiff.GetB(raster[i]);
        }

        return rgb;
    }

    private void Read(byte[] made, string what, Func<LibTiff, bool> read)
    {
        List<string> complaints = [];
        try
        {
            using MemoryStream stream = new(made, writable: false);
            using LibTiff? tiff =
                LibTiff.ClientOpen(file.Name, "r", complaints, new MadeFile(stream));
            if (tiff is not null && read(tiff) && complaints.Count == 0)
            {
                return;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Crafted data make the library's decoders throw whatever they meet: index, range, null, format.
            complaints.Add(e.Message);
        }

        string reason = complaints.Count > 0 ? complaints[0].Split('\n')[0].Trim().TrimEnd('.') : "no reason is given";
        throw file.Malformed($"{what} can't be decoded ({reason})");
    }

    private sealed record Entry(int Type, int Count, byte[] Value);

    /// <summary>A file in memory; the library's own class takes the stream for the client's data.</summary>
    private sealed class MadeFile(MemoryStream stream) : TiffStream
    {
        public override int Read(object clientData, byte[] buffer, int offset, int count) =>
            stream.Read(buffer, offset, count);

        public override long Seek(object clientData, long offset, SeekOrigin origin) =>
            offset < 0 ? -1 : stream.Seek(offset, origin);

        public override void Close(object clientData)
        {
        }

        public override long Size(object clientData) => stream.Length;
    }

    /// <summary>Collects what the library says against a file in the list that it was opened with.</summary>
    private sealed class Complaints : TiffErrorHandler
    {
        public override void ErrorHandler(
            LibTiff tif, string method, string format, params object[] args)
        {
        }

        public override void ErrorHandlerExt(
            LibTiff tif, object clientData, string method, string format, params object[] args) =>
            (clientData as List<string>)?.Add(string.Format(CultureInfo.InvariantCulture, format, args));

        public override void WarningHandler(
            LibTiff tif, string method, string format, params object[] args)
        {
        }

        public override void WarningHandlerExt(
            LibTiff tif, object clientData, string method, string format, params object[] args)
        {
            // A fax of bad quality is readable; a JPEG that ends early is filled up with gray.
            if (format.Contains("Premature end", StringComparison.Ordinal))
            {
                ErrorHandlerExt(tif, clientData, method, format, args);
            }
        }
    }
}
