using System;
using System.Globalization;

namespace SelfAdapt.Files.Tiff;

/// <summary>One page of a TIFF file: its layout, checked, and the decoding of its pixels.</summary>
internal sealed class TiffPage
{
    private const int RgbPhotometric = 2;

    private readonly FileBytes _file;
    private readonly TiffDirectory _directory;
    private readonly int _samples;
    private readonly bool _planar;
    private readonly long _compression;
    private readonly long _predictor;
    private readonly SampleKind _kind;
    private readonly int _blockWidth;
    private readonly int _blockHeight;
    private readonly bool _tiled;
    private (long[] Offsets, long[] Counts)? _stored;

    /// <summary>Reads and checks a page's layout; no pixels yet.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: an impossible layout, or one that is not read.
    /// </exception>
    public TiffPage(FileBytes file, TiffDirectory directory)
    {
        (_file, _directory) = (file, directory);
        long width = directory.NumberOr(TiffTag.ImageWidth, null);
        long height = directory.NumberOr(TiffTag.ImageLength, null);
        long samples = directory.NumberOr(TiffTag.SamplesPerPixel, 1);
        _kind = KindOf();
        file.CheckPageSize(width, height, samples, _kind.Size());
        if (Math.Max(Math.Max(width, height), samples) > ImageLimits.PageSamples)
        {
            throw file.Unsupported(
                $"page {directory.Number} is {width} x {height} pixels with {samples} channels; crop it into smaller images");
        }

        (Width, Height, _samples) = ((int)width, (int)height, (int)samples);
        _compression = directory.NumberOr(TiffTag.Compression, 1);
        if (TiffCodec.MaximumRatio(_compression) == 0)
        {
            throw file.Unsupported(
                $"page {directory.Number} has compression {_compression}, which isn't read; "
                + "save it uncompressed or with LZW, Deflate (ZIP) or PackBits");
        }

        _predictor = directory.NumberOr(TiffTag.Predictor, 1);
        if (_predictor is < 1 or > 3 || (_predictor == 3 && _kind < SampleKind.Float16))
        {
            throw file.Malformed($"page {directory.Number} has predictor {_predictor} with {_kind} values");
        }

        long photometric = directory.NumberOr(TiffTag.Photometric, 1);
        if (photometric is < 0 or > 3)
        {
            throw file.Unsupported(
                $"page {directory.Number} has colour model {photometric} (not grayscale, RGB "
                + "or palette), which isn't read; save it as grayscale or RGB");
        }

        if (directory.NumberOr(TiffTag.FillOrder, 1) != 1)
        {
            throw file.Unsupported(
                $"page {directory.Number} has reversed bits (FillOrder 2), which aren't read");
        }

        Channels = (int)samples - AlphaChannels(photometric, samples);
        _planar = samples > 1 && directory.NumberOr(TiffTag.PlanarConfiguration, 1) == 2;
        _tiled = directory.Has(TiffTag.TileOffsets);
        long blockWidth = _tiled ? directory.NumberOr(TiffTag.TileWidth, null) : width;
        long blockHeight = _tiled
            ? directory.NumberOr(TiffTag.TileLength, null)
            : Math.Min(directory.NumberOr(TiffTag.RowsPerStrip, height), height);
        file.CheckPageSize(blockWidth, blockHeight, _planar ? 1 : samples, _kind.Size());
        (_blockWidth, _blockHeight) = ((int)blockWidth, (int)blockHeight);
    }

    public int Width { get; }

    public int Height { get; }

    public int Channels { get; }

    /// <summary>Whether this is a smaller copy of another page (bit 0 of SubfileType).</summary>
    public bool IsReducedCopy => (_directory.NumberOr(TiffTag.SubfileType, 0) & 1) != 0;

    /// <summary>1-based position among the file's pages.</summary>
    public int Number => _directory.Number;

    /// <summary>Bytes of the whole page uncompressed.</summary>
    public long PlaneBytes => (long)Width * Height * _samples * _kind.Size();

    /// <summary>
    /// Where the pixels begin if they are one uncompressed stretch with nothing dropped, as ImageJ's stacks
    /// are (planes follow each other without pages of their own); -1 otherwise.
    /// </summary>
    public long ContiguousOffset
    {
        get
        {
            if (_compression != 1 || _tiled || _planar || Channels != _samples)
            {
                return -1;
            }

            long[] offsets = _directory.Numbers(TiffTag.StripOffsets);
            long strip = (long)_blockHeight * Width * _samples * _kind.Size();
            for (int i = 1; i < offsets.Length; i++)
            {
                if (offsets[i] != offsets[0] + (i * strip))
                {
                    return -1;
                }
            }

            return offsets.Length == 0 ? -1 : offsets[0];
        }
    }

    /// <summary>The value that GDAL's tag calls "no data"; null if there is none.</summary>
    public double? NoData => double.TryParse(
        _directory.Text(TiffTag.GdalNoData).Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        ? value
        : null;

    /// <summary>Number type of the values.</summary>
    public SampleKind Kind => _kind;

    /// <summary>Rows that are decoded together: those of a strip or of a row of tiles.</summary>
    public int RowsPerBlock => _compression == 1 && !_tiled ? 1 : _blockHeight;

    /// <summary>Decodes rows of the page.</summary>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: strips or tiles are missing, short or damaged.
    /// </exception>
    public Raster Decode(int firstRow, int rowCount)
    {
        string blockName = _tiled ? "tile" : "strip";
        if (_stored is null)
        {
            long[] positions = _directory.Numbers(_tiled ? TiffTag.TileOffsets : TiffTag.StripOffsets);
            long[] lengths = _directory.Numbers(_tiled ? TiffTag.TileByteCounts : TiffTag.StripByteCounts);
            CheckPlausible(positions, lengths, blockName);
            _stored = (positions, lengths);
        }

        if ((Int128)rowCount * Width * _samples * _kind.Size() > ImageLimits.PageBytes)
        {
            throw _file.Unsupported(
                $"{rowCount} rows of page {Number} hold more than the {ImageLimits.PageBytes:N0} bytes that are read at "
                + "once; save the image in smaller strips or in tiles");
        }

        (long[] offsets, long[] counts) = _stored.Value;
        int down = ((Height - 1) / _blockHeight) + 1;
        int samplesPerBlock = _planar ? 1 : _samples;
        long rowBytes = (long)_blockWidth * samplesPerBlock * _kind.Size();
        Raster raster = new(Channels, rowCount, Width, _kind);
        byte[] buffer = [];
        for (int plane = 0; plane < (_planar ? _samples : 1); plane++)
        {
            for (int blockRow = firstRow / _blockHeight; blockRow <= (firstRow + rowCount - 1) / _blockHeight; blockRow++)
            {
                // The last strip is as high as the rows that are left; a tile is always whole.
                int row = blockRow * _blockHeight;
                int height = _tiled ? _blockHeight : Math.Min(_blockHeight, Height - row);
                int top = 0;
                if (_compression == 1)
                {
                    // Rows of uncompressed data lie one after the other: only those that are wanted are read.
                    top = Math.Max(0, firstRow - row);
                    height = Math.Min(height, firstRow + rowCount - row) - top;
                }

                for (int blockColumn = 0; blockColumn < BlocksAcross; blockColumn++)
                {
                    int i = (((plane * down) + blockRow) * BlocksAcross) + blockColumn;
                    string what = $"{blockName} {i + 1} of page {Number}";
                    int bytes = BlockBytes(height * rowBytes, what);
                    if (buffer.Length < bytes)
                    {
                        buffer = new byte[bytes];
                    }

                    Span<byte> block = buffer.AsSpan(0, bytes);
                    long length = _compression == 1 ? block.Length : counts[i];
                    TiffCodec.Decode(
                        _file, _compression, offsets[i] + (top * rowBytes), length, block, what);
                    Restore(block, samplesPerBlock);
                    Place(
                        raster, block, plane, row + top - firstRow, height, blockColumn * _blockWidth,
                        samplesPerBlock);
                }
            }
        }

        return raster;
    }

    /// <summary>Decodes rows of a plane that follows this page's pixels without a page of its own.</summary>
    /// <param name="index">How many planes to go on from this page's; 0 is the page itself.</param>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: the plane is not inside the file.</exception>
    public Raster DecodeFollowing(long index, int firstRow, int rowCount)
    {
        long rowBytes = (long)Width * _samples * _kind.Size();
        byte[] bytes = _file.Slice(
            ContiguousOffset + (index * PlaneBytes) + (firstRow * rowBytes), rowCount * rowBytes,
            $"plane {index + 1}").ToArray();
        SampleBuffer.ToMachineOrder(bytes, _kind.Size(), _directory.BigEndian);
        Raster raster = new(Channels, rowCount, Width, _kind);
        for (int c = 0; c < Channels; c++)
        {
            SampleBuffer.CopyStrided(
                bytes.AsSpan(c * _kind.Size()), _samples, raster.From(c, 0, 0), 1, Width * rowCount,
                _kind.Size());
        }

        return raster;
    }

    private int BlocksAcross => ((Width - 1) / _blockWidth) + 1;

    private int BlockBytes(long bytes, string what) => bytes <= ImageLimits.PageBytes
        ? (int)bytes
        : throw _file.Unsupported(
            $"{what} holds {bytes:N0} bytes, more than the {ImageLimits.PageBytes:N0} that are read at once; save the "
            + "image in smaller strips or in tiles");

    private void CheckPlausible(long[] offsets, long[] counts, string blockName)
    {
        long blocks = (long)BlocksAcross * (((Height - 1) / _blockHeight) + 1) * (_planar ? _samples : 1);
        if (offsets.Length < blocks || (counts.Length < blocks && _compression != 1))
        {
            throw _file.Malformed($"page {Number} needs {blocks} {blockName}s but lists {offsets.Length} "
                + $"positions and {counts.Length} lengths");
        }

        // Decoding must not be able to blow a few bytes up to a page: no compression reaches more than its
        // ratio.
        Int128 stored = 0;
        for (int i = 0; i < blocks; i++)
        {
            stored += _compression == 1 || offsets[i] > _file.Length
                ? 0
                : Math.Min(counts[i], _file.Length - offsets[i]);
        }

        if (_compression == 1)
        {
            stored = _file.Length;
        }

        if (PlaneBytes > stored * TiffCodec.MaximumRatio(_compression))
        {
            throw _file.Malformed(
                $"page {Number} stores {stored} bytes, which can't hold {Width} x {Height} pixels");
        }
    }

    private void Restore(Span<byte> block, int samplesPerBlock)
    {
        int size = _kind.Size();
        int rowBytes = _blockWidth * samplesPerBlock * size;
        bool predicted = _predictor != 1 && _compression is 5 or 8 or 32946;
        if (!predicted || _predictor == 2)
        {
            SampleBuffer.ToMachineOrder(block, size, _directory.BigEndian);
        }

        for (int at = 0; predicted && at < block.Length; at += rowBytes)
        {
            Span<byte> row = block.Slice(at, rowBytes);
            if (_predictor == 2)
            {
                TiffCodec.UndoDifferences(row, samplesPerBlock, size);
            }
            else
            {
                TiffCodec.UndoFloatPredictor(row, samplesPerBlock, size);
            }
        }
    }

    /// <summary>Copies what a block and the raster have in common; the block may begin above the raster.</summary>
    private void Place(
        Raster raster, Span<byte> block, int plane, int row, int blockRows, int column, int samplesPerBlock)
    {
        int size = _kind.Size();
        int skipped = Math.Max(0, -row);
        int rows = Math.Min(blockRows, raster.Height - row);
        int columns = Math.Min(_blockWidth, Width - column);
        for (int c = 0; c < samplesPerBlock; c++)
        {
            int channel = plane + c;
            for (int y = skipped; y < rows && channel < Channels; y++)
            {
                SampleBuffer.CopyStrided(
                    block[(((y * _blockWidth * samplesPerBlock) + c) * size)..], samplesPerBlock,
                    raster.From(channel, row + y, column), 1, columns, size);
            }
        }
    }

    private int AlphaChannels(long photometric, long samples)
    {
        // Kinds of extra samples: 0 unspecified (a channel), 1 and 2 alpha. Old RGBA files don't say.
        long[] extra = _directory.Numbers(TiffTag.ExtraSamples);
        if (extra.Length == 0)
        {
            return photometric == RgbPhotometric && samples == 4 ? 1 : 0;
        }

        return samples > 1 && extra[^1] is 1 or 2 ? 1 : 0;
    }

    private SampleKind KindOf()
    {
        long[] bits = _directory.Numbers(TiffTag.BitsPerSample);
        long[] formats = _directory.Numbers(TiffTag.SampleFormat);
        long depth = bits.Length == 0 ? 1 : bits[0];
        long format = formats.Length == 0 ? 1 : formats[0];
        if (Array.Exists(bits, b => b != depth) || Array.Exists(formats, f => f != format))
        {
            throw _file.Unsupported(
                $"the channels of page {Number} have different number types, which isn't read");
        }

        return (format, depth) switch
        {
            (1 or 4, 8) => SampleKind.UInt8,
            (2, 8) => SampleKind.Int8,
            (1 or 4, 16) => SampleKind.UInt16,
            (2, 16) => SampleKind.Int16,
            (1 or 4, 32) => SampleKind.UInt32,
            (2, 32) => SampleKind.Int32,
            (1 or 4, 64) => SampleKind.UInt64,
            (2, 64) => SampleKind.Int64,
            (3, 16) => SampleKind.Float16,
            (3, 32) => SampleKind.Float32,
            (3, 64) => SampleKind.Float64,
            _ => throw _file.Unsupported(
                $"page {Number} has {depth} bits per value of format {format}, which isn't "
                + "read; convert it to 8, 16 or 32 bits"),
        };
    }
}
