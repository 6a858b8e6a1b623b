namespace SelfAdapt.Files.Tiff;

/// <summary>How the values of a page are stored, and what is made of them.</summary>
internal sealed class TiffSamples
{
    private const int WhiteIsZero = 0;
    private const int Rgb = 2;
    private const int Palette = 3;
    private const int Mask = 4;
    private const int Cmyk = 5;
    private const int YCbCr = 6;
    private const int Lab = 8;
    private const int IccLab = 9;

    private readonly FileBytes _file;
    private readonly TiffDirectory _directory;
    private readonly bool _asLabels;

    /// <summary>Reads and checks what a page says about its values.</summary>
    /// <param name="asLabels">Whether values of few bits stay as they are stored.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: they are of a kind that is not read.</exception>
    public TiffSamples(FileBytes file, TiffDirectory directory, bool asLabels)
    {
        (_file, _directory, _asLabels) = (file, directory, asLabels);
        Count = directory.NumberOr(TiffTag.SamplesPerPixel, 1);
        Compression = directory.NumberOr(TiffTag.Compression, 1);
        Photometric = directory.NumberOr(TiffTag.Photometric, Compression is >= 2 and <= 4 ? WhiteIsZero : 1);
        (Bits, Kind) = KindOf();
        IsPlanar = Count > 1 && directory.NumberOr(TiffTag.PlanarConfiguration, 1) == 2;
        if (Photometric is not (<= Mask or Cmyk or YCbCr or Lab or IccLab))
        {
            throw Refused($"has colour model {Photometric}");
        }

        bool bytes = Kind is SampleKind.UInt8 && Bits == 8;
        bool isPicture = Compression is LibTiffDecoder.Jpeg or LibTiffDecoder.OldJpeg || TiffCodec.IsWebp(Compression);
        if (isPicture ? !bytes : LibTiffDecoder.Decodes(Compression) && Bits != 1)
        {
            throw Refused($"has compression {Compression} with {Bits} bits");
        }

        NeedsLibTiffColours = Photometric is Lab or IccLab
            || (Photometric == YCbCr && Compression is not (LibTiffDecoder.Jpeg or LibTiffDecoder.OldJpeg));
        if (Photometric == YCbCr ? !bytes || Count != 3 || IsPlanar
            : Photometric is Lab or IccLab ? !(bytes || Kind is SampleKind.UInt16) || Count < 3 || IsPlanar
            : Photometric is Cmyk
                && (Kind is not (SampleKind.UInt8 or SampleKind.UInt16) || Bits % 8 != 0 || Count < 4))
        {
            throw Refused($"has colour model {Photometric} with {Count} channels of {Bits} bits");
        }
    }

    /// <summary>Values per pixel as they are stored.</summary>
    public long Count { get; }

    /// <summary>Bits of a stored value.</summary>
    public int Bits { get; }

    /// <summary>Number type of the values once they are unpacked.</summary>
    public SampleKind Kind { get; }

    /// <summary>Whether values do not begin and end with bytes, or are of three bytes.</summary>
    public bool IsPacked => Bits % 8 != 0 || Bits == 24;

    /// <summary>Whether each channel is stored by itself.</summary>
    public bool IsPlanar { get; }

    /// <summary>The tag's number.</summary>
    public long Compression { get; }

    /// <summary>Whether LibTiff makes 8-bit RGB of a block's values.</summary>
    public bool NeedsLibTiffColours { get; }

    private long Photometric { get; }

    /// <summary>
    /// Whether values are stored one colour cell after the other, as chroma that is coarser than luma.
    /// </summary>
    public bool IsSubsampled => NeedsLibTiffColours && Photometric == YCbCr;

    /// <summary>Channels of the image that comes out.</summary>
    public int Channels => Photometric is Cmyk or YCbCr or Lab or IccLab ? 3 : (int)Count - AlphaChannels();

    /// <summary>Channels that are unpacked before colours are converted.</summary>
    public int Unpacked => Photometric == Cmyk ? 4 : Channels;

    /// <summary>Number type of the image that comes out.</summary>
    public SampleKind Output => NeedsLibTiffColours ? SampleKind.UInt8 : Kind;

    /// <summary>Bytes of a row of a block as it is stored.</summary>
    /// <param name="width">Pixels.</param>
    public long RowBytes(long width) => ((width * (IsPlanar ? 1 : Count) * Bits) + 7) / 8;

    /// <summary>Unpacks values of other than whole bytes, high bits first, each row beginning with a byte.</summary>
    /// <param name="packed">Rows of <paramref name="perRow"/> values.</param>
    public byte[] Unpack(Span<byte> packed, int rows, int perRow, bool bigEndian)
    {
        // Only whole bytes have an order: three of them are turned, bits never.
        for (int i = 0; Bits == 24 && !bigEndian && i < packed.Length; i += 3)
        {
            packed.Slice(i, 3).Reverse();
        }

        int size = Kind.Size();
        int rowBytes = packed.Length / rows;
        byte[] values = new byte[rows * perRow * size];
        for (int y = 0; y < rows; y++)
        {
            ReadOnlySpan<byte> row = packed.Slice(y * rowBytes, rowBytes);
            (ulong window, int held, int at) = (0, 0, 0);
            for (int i = 0; i < perRow; i++)
            {
                for (; held < Bits; held += 8)
                {
                    window = (window << 8) | row[at++];
                }

                held -= Bits;
                uint value = (uint)(window >> held) & (uint)((1L << Bits) - 1);
                int place = ((y * perRow) + i) * size;
                switch (size)
                {
                    case 1: values[place] = (byte)value; break;
                    case 2: BitConverter.TryWriteBytes(values.AsSpan(place), (ushort)value); break;
                    default: BitConverter.TryWriteBytes(values.AsSpan(place), value); break;
                }
            }
        }

        return values;
    }

    /// <summary>
    /// What is shown instead of what is stored: CMYK as RGB, values of less than 8 bits scaled to 0..255, white
    /// highest.
    /// </summary>
    public Raster Convert(Raster stored)
    {
        if (Photometric == Cmyk)
        {
            return CmykColours.ToRgb(stored);
        }

        if (Bits < 8 && Photometric != Palette && !_asLabels)
        {
            int most = (1 << Bits) - 1;
            foreach (ref byte value in stored.Samples.Bytes.AsSpan())
            {
                value = (byte)(((Photometric == WhiteIsZero ? most - value : value) * byte.MaxValue) / most);
            }
        }

        return stored;
    }

    /// <summary>The colour model that LibTiff is told: it knows ICC's Lab only with signs.</summary>
    /// <param name="values">Three of a pixel, one byte each; changed.</param>
    public long ForLibTiff(Span<byte> values)
    {
        for (int i = 0; Photometric == IccLab && i < values.Length; i++)
        {
            values[i] ^= (byte)(i % 3 == 0 ? 0 : 0x80);
        }

        return Photometric == IccLab ? Lab : Photometric;
    }

    private SelfAdaptException Refused(string what) => _file.Unsupported(
        $"page {_directory.Number} {what}, which isn't read; save it as grayscale or RGB of 8, 16 or 32 bits");

    private int AlphaChannels()
    {
        // Kinds of extra samples: 0 unspecified (a channel), 1 and 2 alpha. Old RGBA files don't say.
        long[] extra = _directory.Numbers(TiffTag.ExtraSamples);
        if (extra.Length == 0)
        {
            return Photometric == Rgb && Count == 4 ? 1 : 0;
        }

        return Count > 1 && extra[^1] is 1 or 2 ? 1 : 0;
    }

    private (int Bits, SampleKind Kind) KindOf()
    {
        long[] bits = _directory.Numbers(TiffTag.BitsPerSample);
        long[] formats = _directory.Numbers(TiffTag.SampleFormat);
        long depth = bits.Length == 0 ? 1 : bits[0];
        long format = formats.Length == 0 ? 1 : formats[0];
        if (Array.Exists(bits, b => b != depth) || Array.Exists(formats, f => f != format))
        {
            throw Refused("has channels of different number types");
        }

        SampleKind kind = (format, depth) switch
        {
            (1 or 4, >= 1 and <= 8) => SampleKind.UInt8,
            (2, 8) => SampleKind.Int8,
            (1 or 4, > 8 and <= 16) => SampleKind.UInt16,
            (2, 16) => SampleKind.Int16,
            (1 or 4, > 16 and <= 32) => SampleKind.UInt32,
            (2, 32) => SampleKind.Int32,
            (1 or 4, 64) => SampleKind.UInt64,
            (2, 64) => SampleKind.Int64,
            (3, 16) => SampleKind.Float16,
            (3, 32) => SampleKind.Float32,
            (3, 64) => SampleKind.Float64,
            _ => throw Refused($"has {depth} bits per value of format {format}"),
        };
        return ((int)depth, kind);
    }
}
