using System.Buffers.Binary;
using System.Globalization;
using BitMiracle.LibTiff.Classic;
using LibTag = BitMiracle.LibTiff.Classic.TiffTag;
using LibTiff = BitMiracle.LibTiff.Classic.Tiff;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// What LibTiff decodes for us: fax, JPEG and colour models. It never sees the stranger's directories, but a file of
/// one
/// page that is made here of what was checked.
/// </summary>
/// <param name="directory">The page; null where there is none.</param>
internal sealed class LibTiffDecoder(FileBytes file, TiffDirectory? directory = null)
{
    public const int OldJpeg = 6;
    public const int Jpeg = 7;
    public const int YCbCr = 6;

    private const int HeaderBytes = 8;
    private const int Short = 3;
    private const int Long = 4;
    private const int Uncompressed = 1;
    private const int Gray = 1;

    private static readonly TiffTag[] CodecTags =
        [TiffTag.FillOrder, TiffTag.FaxGroup3Options, TiffTag.FaxGroup4Options];

    private static readonly TiffTag[] ColourTags =
    [
        TiffTag.WhitePoint, TiffTag.YCbCrCoefficients, TiffTag.YCbCrSubsampling, TiffTag.YCbCrPositioning,
        TiffTag.ReferenceBlackWhite,
    ];

    private readonly bool _bigEndian = directory is { BigEndian: true };

    static LibTiffDecoder() => LibTiff.SetErrorHandler(new Complaints());

    /// <summary>Whether a compression is LibTiff's to decode.</summary>
    /// <param name="compression">The tag's number.</param>
    public static bool Decodes(long compression) => compression is 2 or 3 or 4 or 32771 or OldJpeg or Jpeg;

    /// <summary>Decodes one strip or tile.</summary>
    /// <param name="samples">Values of a pixel.</param>
    /// <param name="target">Receives the decoded bytes.</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: damaged data, or a JPEG of a kind that is not read.
    /// </exception>
    public void Decode(
        ReadOnlySpan<byte> data, int width, int height, int samples, int bits, Span<byte> target, string what)
    {
        long photometric = samples == 1 ? Gray : directory!.NumberOr(TiffTag.Photometric, Gray);
        long compression = directory!.NumberOr(TiffTag.Compression, Uncompressed);
        if (compression == Jpeg)
        {
            DecodeJpeg(data, width, height, samples, photometric, target, what);
            return;
        }

        SortedDictionary<int, Entry> entries = Entries(width, height, samples, bits, compression, photometric);
        Copy(entries, CodecTags);
        Decode(Assemble(data, entries), target, what);
    }

    /// <summary>Decodes a JPEG stream.</summary>
    /// <param name="photometric">The colour model of its values; they come out as RGB where it is YCbCr.</param>
    /// <param name="target">Receives [height, width, samples].</param>
    /// <param name="what">What is decoded, for messages.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: damaged data, or a JPEG of a kind that is not read.
    /// </exception>
    public void DecodeJpeg(
        ReadOnlySpan<byte> stream, int width, int height, int samples, long photometric, Span<byte> target, string what)
    {
        JpegHeader header = HeaderOf(stream, width, height, samples, what);
        SortedDictionary<int, Entry> entries = Entries(width, height, samples, 8, Jpeg, photometric);
        Copy(entries, [TiffTag.JpegTables]);
        if (photometric == YCbCr)
        {
            entries[(int)TiffTag.YCbCrSubsampling] = Numbers(Short, header.Across, header.Down);
        }

        Decode(Assemble(stream, entries), target, what, photometric == YCbCr);
    }

    private JpegHeader HeaderOf(ReadOnlySpan<byte> stream, int width, int height, int samples, string what)
    {
        JpegHeader header = JpegHeader.TryRead(stream) ?? throw file.Malformed($"{what} holds no valid JPEG stream");
        if (!header.IsPlain)
        {
            throw file.Unsupported(
                $"{what} holds a JPEG of kind {header.Kind} with {header.Bits} bits (lossless, arithmetic or of more "
                + "than 8 bits), which isn't read; save it with LZW or Deflate (ZIP) compression");
        }

        if (header.Width > width || header.Height > height || header.Components != samples)
        {
            throw file.Malformed(
                $"{what} holds a JPEG picture of {header.Width} x {header.Height} pixels with {header.Components} "
                + $"channels, where {width} x {height} with {samples} are to be");
        }

        return header;
    }

    /// <summary>Makes colours of a block's values.</summary>
    /// <param name="values">One byte each, a pixel's values next to each other.</param>
    /// <param name="photometric">The colour model's number.</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <returns>[height, width, 3].</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: the colour model's parameters are impossible.</exception>
    public byte[] ToRgb(ReadOnlySpan<byte> values, int width, int height, int samples, long photometric, string what) =>
        ToRgb(values, width, height, samples, photometric, what, ColourTags);

    /// <summary>Makes colours that were converted as if luma ran from 0 to 255 those of the page's own range.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="what">Which strip or tile, for messages.</param>
    /// <returns>[height, width, 3].</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: that range is impossible.</exception>
    public byte[] ToOwnRange(ReadOnlySpan<byte> rgb, int width, int height, string what)
    {
        byte[] values = new byte[rgb.Length];
        for (int i = 0; i < rgb.Length; i += 3)
        {
            (float red, float green, float blue) = (rgb[i], rgb[i + 1], rgb[i + 2]);
            float luma = (0.299f * red) + (0.587f * green) + (0.114f * blue);
            values[i] = (byte)MathF.Round(luma);
            values[i + 1] = (byte)Math.Clamp(MathF.Round(128 + ((blue - luma) / 1.772f)), 0, byte.MaxValue);
            values[i + 2] = (byte)Math.Clamp(MathF.Round(128 + ((red - luma) / 1.402f)), 0, byte.MaxValue);
        }

        return ToRgb(values, width, height, 3, YCbCr, what, [TiffTag.ReferenceBlackWhite], isFine: true);
    }

    private byte[] ToRgb(
        ReadOnlySpan<byte> values, int width, int height, int samples, long photometric, string what, TiffTag[] copied,
        bool isFine = false)
    {
        SortedDictionary<int, Entry> entries = Entries(width, height, samples, 8, Uncompressed, photometric);
        Copy(entries, copied);
        if (isFine)
        {
            entries[(int)TiffTag.YCbCrSubsampling] = Numbers(Short, 1, 1);
        }

        // The length of a lone strip the library takes for wrong where chroma is coarse: it gets the same strip twice.
        entries[(int)TiffTag.ImageLength] = Numbers(Long, 2 * height);
        entries[(int)TiffTag.StripOffsets] = Numbers(Long, HeaderBytes, HeaderBytes);
        entries[(int)TiffTag.StripByteCounts] = Numbers(Long, values.Length, values.Length);
        int[] raster = new int[width * height];
        Read(Assemble(values, entries), what, tiff => tiff.ReadRGBAStrip(0, raster));
        byte[] rgb = new byte[raster.Length * 3];
        for (int i = 0; i < raster.Length; i++)
        {
            // Its rows go upwards.
            (int y, int x) = Math.DivRem(i, width);
            int pixel = raster[((height - 1 - y) * width) + x];
            rgb[i * 3] = (byte)LibTiff.GetR(pixel);
            rgb[(i * 3) + 1] = (byte)LibTiff.GetG(pixel);
            rgb[(i * 3) + 2] = (byte)LibTiff.GetB(pixel);
        }

        return rgb;
    }

    private void Decode(byte[] made, Span<byte> target, string what, bool toRgb = false)
    {
        byte[] block = new byte[target.Length];
        Read(made, what, tiff =>
        {
            if (toRgb)
            {
                tiff.SetField(LibTag.JPEGCOLORMODE, JpegColorMode.RGB);
            }

            return tiff.ReadEncodedStrip(0, block, 0, block.Length) == block.Length;
        });
        block.CopyTo(target);
    }

    private SortedDictionary<int, Entry> Entries(
        int width, int height, int samples, int bits, long compression, long photometric) => new()
        {
            [(int)TiffTag.ImageWidth] = Numbers(Long, width),
            [(int)TiffTag.ImageLength] = Numbers(Long, height),
            [(int)TiffTag.BitsPerSample] = Numbers(Short, [.. Enumerable.Repeat((long)bits, samples)]),
            [(int)TiffTag.Compression] = Numbers(Short, compression),
            [(int)TiffTag.Photometric] = Numbers(Short, photometric),
            [(int)TiffTag.SamplesPerPixel] = Numbers(Short, samples),
            [(int)TiffTag.RowsPerStrip] = Numbers(Long, height),
            [(int)TiffTag.PlanarConfiguration] = Numbers(Short, 1),
        };

    private void Copy(SortedDictionary<int, Entry> entries, TiffTag[] tags)
    {
        foreach (TiffTag tag in tags)
        {
            if (directory is not null && directory.TryGet(tag, out int type, out int count, out byte[] value))
            {
                entries[(int)tag] = new(type, count, value);
            }
        }
    }

    /// <summary>A file of a header, a strip and a directory.</summary>
    private byte[] Assemble(ReadOnlySpan<byte> strip, SortedDictionary<int, Entry> entries)
    {
        entries.TryAdd((int)TiffTag.StripOffsets, Numbers(Long, HeaderBytes));
        entries.TryAdd((int)TiffTag.StripByteCounts, Numbers(Long, strip.Length));
        int start = (HeaderBytes + strip.Length + 1) & ~1;
        int after = start + sizeof(ushort) + (12 * entries.Count) + sizeof(uint);
        byte[] tiff = new byte[after + entries.Values.Sum(e => e.Value.Length > sizeof(uint) ? e.Value.Length : 0)];
        strip.CopyTo(tiff.AsSpan(HeaderBytes));
        (_bigEndian ? "MM\0*"u8 : "II*\0"u8).CopyTo(tiff);
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
        if (_bigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)value);
            return bytes[^size..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)value);
        return bytes[..size];
    }

    private void Read(byte[] made, string what, Func<LibTiff, bool> read)
    {
        Heard complaints = new();
        try
        {
            using MemoryStream stream = new(made, writable: false);
            using LibTiff? tiff =
                LibTiff.ClientOpen(file.Name, "r", complaints, new MadeFile(stream));
            if (tiff is not null && read(tiff) && complaints.Errors.Count == 0)
            {
                return;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Crafted data make the library's decoders throw whatever they meet: index, range, null, format.
            complaints.Errors.Add(e.Message);
        }

        string reason = complaints.Errors.Concat(complaints.Warnings).FirstOrDefault("no reason is given");
        throw file.Malformed($"{what} can't be decoded ({reason.Split('\n')[0].Trim().TrimEnd('.')})");
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

    private sealed record Heard
    {
        public List<string> Errors { get; } = [];

        public List<string> Warnings { get; } = [];
    }

    /// <summary>Collects what the library says of a file where it was opened.</summary>
    private sealed class Complaints : TiffErrorHandler
    {
        public override void ErrorHandler(LibTiff tif, string method, string format, params object[] args)
        {
        }

        public override void ErrorHandlerExt(
            LibTiff tif, object clientData, string method, string format, params object[] args) =>
            (clientData as Heard)?.Errors.Add(string.Format(CultureInfo.InvariantCulture, format, args));

        public override void WarningHandler(LibTiff tif, string method, string format, params object[] args)
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
            else
            {
                (clientData as Heard)?.Warnings.Add(string.Format(CultureInfo.InvariantCulture, format, args));
            }
        }
    }
}
