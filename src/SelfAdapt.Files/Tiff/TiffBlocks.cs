namespace SelfAdapt.Files.Tiff;

/// <summary>The strips or tiles of a page: where they lie, and the values that they hold.</summary>
internal sealed class TiffBlocks
{
    private const int Colours = 3;

    private readonly FileBytes _file;
    private readonly TiffDirectory _directory;
    private readonly TiffSamples _samples;
    private readonly LibTiffDecoder _libTiff;
    private readonly OldJpegStream _oldJpeg;
    private readonly long _predictor;
    private readonly bool _reversed;
    private readonly int _pageWidth;
    private readonly int _pageHeight;
    private (long[] Offsets, long[] Counts)? _stored;

    /// <summary>Reads and checks how a page is cut up; no pixels yet.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: an impossible layout, or one that is not read.</exception>
    public TiffBlocks(FileBytes file, TiffDirectory directory, TiffSamples samples, int width, int height)
    {
        (_file, _directory, _samples, _pageWidth, _pageHeight) = (file, directory, samples, width, height);
        _libTiff = new LibTiffDecoder(file, directory);
        _oldJpeg = new OldJpegStream(file, directory);
        if (TiffCodec.MaximumRatio(samples.Compression) == 0)
        {
            throw file.Unsupported(
                $"page {directory.Number} has {TiffCodec.NameOf(samples.Compression)} compression, which isn't read; "
                + "save it uncompressed or with LZW, Deflate (ZIP) or PackBits");
        }

        _predictor = TiffCodec.IsPredicted(samples.Compression) ? directory.NumberOr(TiffTag.Predictor, 1) : 1;
        if (_predictor is < 1 or > 3 || (_predictor == 3 && samples.Kind < SampleKind.Float16)
            || (_predictor == 2 && samples.IsPacked))
        {
            throw file.Malformed(
                $"page {directory.Number} has predictor {_predictor} with {samples.Kind} values of {samples.Bits} "
                + "bits");
        }

        // What decides is the size of tiles: some writers list tiles as strips.
        IsTiled = directory.Has(TiffTag.TileWidth);
        long rows = directory.NumberOr(TiffTag.RowsPerStrip, height);
        long blockWidth = IsTiled ? directory.NumberOr(TiffTag.TileWidth, null) : width;
        long blockHeight = IsTiled
            ? directory.NumberOr(TiffTag.TileLength, null)
            : rows == 0 ? height : Math.Min(rows, height);
        file.CheckPageSize(blockWidth, blockHeight, samples.IsPlanar ? 1 : samples.Count, samples.Kind.Size());
        if (Math.Max(blockWidth, blockHeight) > ImageLimits.PageSamples)
        {
            throw file.Malformed($"page {directory.Number} has tiles of {blockWidth} x {blockHeight} pixels");
        }

        (Width, Height) = ((int)blockWidth, (int)blockHeight);
        _reversed = directory.NumberOr(TiffTag.FillOrder, 1) == 2;
        if (directory.NumberOr(TiffTag.TileDepth, 1) > 1)
        {
            throw file.Unsupported($"page {directory.Number} has tiles of several slices, which aren't read");
        }
    }

    /// <summary>Pixels across a strip or tile.</summary>
    public int Width { get; }

    /// <summary>Rows of a strip or tile; the last strip has those that are left.</summary>
    public int Height { get; }

    public bool IsTiled { get; }

    /// <summary>Blocks next to each other.</summary>
    public int Across => ((_pageWidth - 1) / Width) + 1;

    /// <summary>Blocks below each other.</summary>
    public int Down => ((_pageHeight - 1) / Height) + 1;

    /// <summary>Whether rows lie one after the other, so that any can be read alone.</summary>
    public bool RowsAreApart => _samples.Compression == TiffCodec.Uncompressed && !_samples.NeedsLibTiffColours;

    /// <summary>Values of a pixel in what <see cref="Decode"/> gives.</summary>
    public int ValuesPerPixel => _samples.NeedsLibTiffColours ? Colours : StoredPerPixel;

    /// <summary>Bytes of a plane once decompressed.</summary>
    public long PlaneBytes => (_samples.IsPlanar ? _samples.Count : 1) * (IsTiled
        ? (long)Across * Down * BlockBytes(Height)
        : ((Down - 1) * BlockBytes(Height)) + BlockBytes(_pageHeight - ((Down - 1) * Height)));

    /// <summary>
    /// Where the pixels begin if they are one uncompressed stretch with nothing dropped, as in stacks whose planes
    /// follow
    /// each other without pages of their own; -1 otherwise.
    /// </summary>
    public long ContiguousOffset
    {
        get
        {
            long[] offsets = !RowsAreApart || IsTiled || _samples.IsPlanar || _reversed
                ? []
                : _directory.Numbers(TiffTag.StripOffsets);
            for (int i = 1; i < offsets.Length; i++)
            {
                if (offsets[i] != offsets[0] + (i * BlockBytes(Height)))
                {
                    return -1;
                }
            }

            return offsets.Length == 0 ? -1 : offsets[0];
        }
    }

    private int StoredPerPixel => _samples.IsPlanar ? 1 : (int)_samples.Count;

    /// <summary>How many blocks the page lists.</summary>
    public int Listed => Stored().Offsets.Length;

    /// <summary>Refuses a page that stores too little for its pixels.</summary>
    /// <param name="planes">Planes that the page's blocks are to hold.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it does.</exception>
    public void CheckPlausible(int planes)
    {
        (long[] offsets, long[] counts) = Stored();
        string name = IsTiled ? "tile" : "strip";
        bool isUncompressed = _samples.Compression == TiffCodec.Uncompressed;
        long blocks = (long)Across * Down * (_samples.IsPlanar ? _samples.Count : 1) * planes;
        if (offsets.Length < blocks || (counts.Length < blocks && !isUncompressed))
        {
            throw _file.Malformed($"page {_directory.Number} needs {blocks} {name}s but lists {offsets.Length} "
                + $"positions and {counts.Length} lengths");
        }

        // Decoding must not be able to blow a few bytes up to a page: no compression reaches more than its ratio.
        Int128 stored = 0;
        Int128 sparse = 0;
        for (int i = 0; i < blocks; i++)
        {
            sparse += IsSparse(i) ? (Int128)Width * Height * StoredPerPixel * _samples.Kind.Size() : 0;
            stored += isUncompressed || IsSparse(i) || offsets[i] > _file.Length
                ? 0
                : Math.Min(counts[i], _file.Length - offsets[i]);
        }

        if (isUncompressed)
        {
            stored = _file.Length;
        }

        // A fax's ratio is one of pixels, as a row of one colour has hardly any bits.
        bool isFax = _samples.IsPacked && LibTiffDecoder.Decodes(_samples.Compression);
        Int128 page = isFax ? (8 * PlaneBytes) - ImageLimits.BlankFax : PlaneBytes;
        if (page - sparse > stored * TiffCodec.MaximumRatio(_samples.Compression)
            || sparse > ImageLimits.SparseBytes + ((Int128)_file.Length * ImageLimits.DeflateRatio))
        {
            throw _file.Malformed(
                $"page {_directory.Number} stores {stored} bytes, which can't hold {_pageWidth} x {_pageHeight} "
                + "pixels");
        }
    }

    /// <summary>Decodes rows of a block.</summary>
    /// <param name="index">0-based block.</param>
    /// <param name="top">First row of the block; 0 unless <see cref="RowsAreApart"/>.</param>
    /// <param name="rows">How many.</param>
    /// <param name="buffer">Memory to be used again.</param>
    /// <returns>[rows, Width, ValuesPerPixel] in the machine's order.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: the block is short or damaged.</exception>
    public Span<byte> Decode(int index, int top, int rows, ref byte[] buffer)
    {
        (long[] offsets, long[] counts) = Stored();
        string what = $"{(IsTiled ? "tile" : "strip")} {index + 1} of page {_directory.Number}";
        Span<byte> block = Room(BlockBytes(rows), ref buffer, what);
        if (IsSparse(index))
        {
            block.Clear();
        }
        else if (_samples.Compression == LibTiffDecoder.OldJpeg)
        {
            byte[] stream = _oldJpeg.Of(
                offsets[index], counts[index], offsets.Length == 1, Width, rows, StoredPerPixel);

            // What such pages say of their colours is wrong as often as not; three of them are YCbCr.
            int colours = StoredPerPixel == Colours ? LibTiffDecoder.YCbCr : 1;
            _libTiff.DecodeJpeg(stream, Width, rows, StoredPerPixel, colours, block, what);
            if (StoredPerPixel == Colours && _directory.Has(TiffTag.ReferenceBlackWhite))
            {
                return _libTiff.ToOwnRange(block, Width, rows, what);
            }
        }
        else if (TiffCodec.IsWebp(_samples.Compression))
        {
            DecodeWebp(_file.Slice(offsets[index], counts[index], what), block, rows, what);
        }
        else if (LibTiffDecoder.Decodes(_samples.Compression))
        {
            ReadOnlySpan<byte> data = _file.Slice(offsets[index], counts[index], what);
            _libTiff.Decode(data, Width, rows, StoredPerPixel, _samples.Bits, block, what);
        }
        else
        {
            long length = counts.Length > index ? counts[index] : 0;
            TiffCodec.Decode(
                _file, _samples.Compression, offsets[index] + (top * BlockBytes(1)), length, _reversed, block, what);
        }

        return ToValues(Restored(block), rows, what);
    }

    /// <summary>Reads rows of a plane that follows the page's own pixels.</summary>
    /// <param name="plane">How many planes to go on.</param>
    /// <param name="buffer">Memory to be used again.</param>
    /// <returns>[rows, page width, ValuesPerPixel] in the machine's order.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: the plane is not inside the file.</exception>
    public Span<byte> ReadFollowing(long plane, int firstRow, int rows, ref byte[] buffer)
    {
        string what = $"plane {plane + 1}";
        Span<byte> stretch = Room(BlockBytes(rows), ref buffer, what);
        long start = ContiguousOffset + (plane * PlaneBytes) + (firstRow * BlockBytes(1));
        _file.Slice(start, stretch.Length, what).CopyTo(stretch);
        return ToValues(Restored(stretch), rows, what);
    }

    private void DecodeWebp(ReadOnlySpan<byte> data, Span<byte> block, int rows, string what)
    {
        Raster? picture = data.StartsWith("RIFF"u8)
            ? SharpPictures.TryDecode(new FileBytes(_file.Name, data.ToArray()))
            : null;
        if (picture is null || picture.Channels != StoredPerPixel || picture.Width != Width || picture.Height != rows
            || picture.Samples.Bytes.Length != block.Length)
        {
            throw _file.Malformed($"{what} holds no WebP picture of its size");
        }

        for (int c = 0; c < StoredPerPixel; c++)
        {
            SampleBuffer.CopyStrided(picture.From(c, 0, 0), 1, block[c..], StoredPerPixel, Width * rows, sizeof(byte));
        }
    }

    private Span<byte> Room(long bytes, ref byte[] buffer, string what)
    {
        if (bytes > ImageLimits.PageBytes)
        {
            throw _file.Unsupported(
                $"{what} holds {bytes:N0} bytes, more than the {ImageLimits.PageBytes:N0} that are read at once; save "
                + "the image in smaller strips or in tiles");
        }

        if (buffer.Length < bytes)
        {
            buffer = new byte[bytes];
        }

        return buffer.AsSpan(0, (int)bytes);
    }

    private (long[] Offsets, long[] Counts) Stored()
    {
        if (_stored is null)
        {
            long[] offsets = _directory.Numbers(
                IsTiled && _directory.Has(TiffTag.TileOffsets) ? TiffTag.TileOffsets : TiffTag.StripOffsets);
            long[] counts = _directory.Numbers(
                IsTiled && _directory.Has(TiffTag.TileByteCounts) ? TiffTag.TileByteCounts : TiffTag.StripByteCounts);

            // Old writers leave out how long a lone strip is.
            if (offsets.Length == 1 && !IsTiled && (counts.Length == 0 || counts[0] == 0))
            {
                counts = [Math.Max(0, _file.Length - offsets[0])];
            }

            _stored = (offsets, counts);
        }

        return _stored.Value;
    }

    /// <summary>Whether a block is left out because it would be all zeros.</summary>
    private bool IsSparse(int index)
    {
        (long[] offsets, long[] counts) = Stored();
        return offsets[index] == 0
            || (_samples.Compression != TiffCodec.Uncompressed && counts[index] == 0);
    }

    private long BlockBytes(long rows)
    {
        if (!_samples.IsSubsampled)
        {
            return rows * _samples.RowBytes(Width);
        }

        (long across, long down) = Subsampling();
        long cells = ((Width + across - 1) / across) * ((rows + down - 1) / down);
        return cells * ((across * down) + 2);
    }

    private (long Across, long Down) Subsampling()
    {
        long[] factors = _directory.Numbers(TiffTag.YCbCrSubsampling);
        return factors is [1 or 2 or 4, 1 or 2 or 4, ..] ? (factors[0], factors[1]) : (2, 2);
    }

    /// <summary>Values in the machine's order, differences undone.</summary>
    private Span<byte> Restored(Span<byte> block)
    {
        int size = _samples.Kind.Size();
        if (_samples.IsPacked)
        {
            return block;
        }

        if (_predictor != 3)
        {
            SampleBuffer.ToMachineOrder(block, size, _directory.BigEndian);
        }

        int rowBytes = (int)_samples.RowBytes(Width);
        for (int at = 0; _predictor != 1 && at < block.Length; at += rowBytes)
        {
            Span<byte> row = block[at..Math.Min(block.Length, at + rowBytes)];
            if (_predictor == 2)
            {
                TiffCodec.UndoDifferences(row, StoredPerPixel, size);
            }
            else
            {
                TiffCodec.UndoFloatPredictor(row, StoredPerPixel, size);
            }
        }

        return block;
    }

    private Span<byte> ToValues(Span<byte> block, int rows, string what)
    {
        if (_samples.IsPacked)
        {
            return _samples.Unpack(block, rows, Width * StoredPerPixel, _directory.BigEndian);
        }

        if (!_samples.NeedsLibTiffColours)
        {
            return block;
        }

        if (_samples.IsSubsampled)
        {
            return _libTiff.ToRgb(block, Width, rows, Colours, LibTiffDecoder.YCbCr, what);
        }

        // The first three values of a pixel, their high bytes where they are wide.
        int size = _samples.Kind.Size();
        byte[] colours = new byte[Width * rows * Colours];
        for (int i = 0; i < colours.Length; i++)
        {
            (int pixel, int colour) = Math.DivRem(i, Colours);
            int at = ((pixel * StoredPerPixel) + colour) * size;
            colours[i] = size == 1 ? block[at] : (byte)(BitConverter.ToUInt16(block[at..]) >> 8);
        }

        long photometric = _samples.ForLibTiff(colours);
        return _libTiff.ToRgb(colours, Width, rows, Colours, photometric, what);
    }
}
