using System.Globalization;

namespace SelfAdapt.Files.Tiff;

/// <summary>One page of a TIFF file: its layout, checked, and the decoding of its pixels.</summary>
internal sealed class TiffPage
{
    private const int ReducedCopy = 1;
    private const int OldReducedCopy = 2;
    private const int MaskBit = 4;
    private const int MaskPhotometric = 4;

    private readonly FileBytes _file;
    private readonly TiffDirectory _directory;
    private readonly TiffSamples _samples;
    private readonly TiffBlocks _blocks;
    private bool _isPlausible;

    /// <summary>Reads and checks a page's layout; no pixels yet.</summary>
    /// <param name="asLabels">Whether values of few bits stay as they are stored.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: an impossible layout, or one that is not read.
    /// </exception>
    public TiffPage(FileBytes file, TiffDirectory directory, bool asLabels = false)
    {
        (_file, _directory) = (file, directory);
        _samples = new TiffSamples(file, directory, asLabels);
        long width = directory.NumberOr(TiffTag.ImageWidth, null);
        long height = directory.NumberOr(TiffTag.ImageLength, null);
        file.CheckPageSize(width, height, _samples.Count, _samples.Kind.Size());
        if (Math.Max(Math.Max(width, height), _samples.Count) > ImageLimits.PageSamples)
        {
            throw file.Unsupported(
                $"page {directory.Number} is {width} x {height} pixels with {_samples.Count} channels; "
                + "crop it into smaller images");
        }

        (Width, Height) = ((int)width, (int)height);
        _blocks = new TiffBlocks(file, directory, _samples, Width, Height);
        Slices = (int)Math.Clamp(directory.NumberOr(TiffTag.ImageDepth, 1), 1, ImageLimits.Pages);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Planes that the page itself declares (SGI's ImageDepth).</summary>
    public int Slices { get; }

    public int Channels => _samples.Channels;

    /// <summary>Number type of the values.</summary>
    public SampleKind Kind => _samples.Output;

    /// <summary>Whether the pixels of further planes can lie behind this page's own.</summary>
    public bool CanBeFollowed => _blocks.ContiguousOffset >= 0;

    /// <summary>The value that GDAL's tag calls "no data"; null if there is none.</summary>
    public double? NoData => double.TryParse(
        _directory.Text(TiffTag.GdalNoData).Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        ? value
        : null;

    /// <summary>Rows that are decoded together: those of a strip or of a row of tiles.</summary>
    public int RowsPerBlock => _blocks.RowsAreApart && !_blocks.IsTiled ? 1 : _blocks.Height;

    /// <summary>Whether a page is a smaller copy or a mask of another one.</summary>
    public static bool IsNoImage(TiffDirectory directory) =>
        IsReduced(directory)
        || (directory.NumberOr(TiffTag.SubfileType, 0) & MaskBit) != 0
        || directory.NumberOr(TiffTag.Photometric, 1) == MaskPhotometric;

    /// <summary>Whether a page is marked as a smaller copy of another one.</summary>
    public static bool IsReduced(TiffDirectory directory) =>
        (directory.NumberOr(TiffTag.SubfileType, 0) & ReducedCopy) != 0
        || directory.NumberOr(TiffTag.OldSubfileType, 0) == OldReducedCopy;

    /// <summary>Decodes rows of the page, or of a plane that it declares or that follows its pixels.</summary>
    /// <param name="plane">0 for the page's own first plane.</param>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: strips or tiles are missing, short or damaged.
    /// </exception>
    public Raster Decode(long plane, int firstRow, int rowCount)
    {
        int size = Kind.Size();
        if ((Int128)rowCount * Width * Math.Max(_samples.Count, _samples.Unpacked) * size > ImageLimits.PageBytes)
        {
            throw _file.Unsupported(
                $"{rowCount} rows of page {_directory.Number} hold more than the {ImageLimits.PageBytes:N0} bytes that "
                + "are read at once; save the image in smaller strips or in tiles");
        }

        byte[] buffer = [];
        if (plane > 0 && CanBeFollowed)
        {
            Span<byte> following = _blocks.ReadFollowing(plane, firstRow, rowCount, ref buffer);
            Raster planeRaster = new(_samples.Unpacked, rowCount, Width, Kind);
            Place(planeRaster, following, 0, 0, rowCount, 0);
            return _samples.Convert(planeRaster);
        }

        int slices = CanBeFollowed ? 1 : Slices;
        if (!_isPlausible)
        {
            _blocks.CheckPlausible(slices);
            _isPlausible = true;
        }

        int stored = _samples.IsPlanar ? (int)_samples.Count : 1;
        Raster raster = new(_samples.Unpacked, rowCount, Width, Kind);
        for (int channel = 0; channel < stored; channel++)
        {
            int firstBlock = (int)((channel * slices) + plane) * _blocks.Down;
            for (int down = firstRow / _blocks.Height; down <= (firstRow + rowCount - 1) / _blocks.Height; down++)
            {
                // The last strip is as high as the rows that are left; a tile is always whole.
                int row = down * _blocks.Height;
                int rows = _blocks.IsTiled ? _blocks.Height : Math.Min(_blocks.Height, Height - row);
                int top = 0;
                if (_blocks.RowsAreApart)
                {
                    top = Math.Max(0, firstRow - row);
                    rows = Math.Min(rows, firstRow + rowCount - row) - top;
                }

                for (int across = 0; across < _blocks.Across; across++)
                {
                    int index = ((firstBlock + down) * _blocks.Across) + across;
                    Span<byte> block = _blocks.Decode(index, top, rows, ref buffer);
                    Place(raster, block, channel, row + top - firstRow, rows, across * _blocks.Width);
                }
            }
        }

        return _samples.Convert(raster);
    }

    /// <summary>Copies what a block and the raster have in common; the block may begin above the raster.</summary>
    private void Place(Raster raster, Span<byte> block, int firstChannel, int row, int blockRows, int column)
    {
        int size = Kind.Size();
        int perPixel = _blocks.ValuesPerPixel;
        int skipped = Math.Max(0, -row);
        int rows = Math.Min(blockRows, raster.Height - row);
        int columns = Math.Min(_blocks.Width, Width - column);
        for (int c = 0; c < perPixel; c++)
        {
            int channel = firstChannel + c;
            for (int y = skipped; y < rows && channel < raster.Channels; y++)
            {
                SampleBuffer.CopyStrided(
                    block[(((y * _blocks.Width * perPixel) + c) * size)..], perPixel,
                    raster.From(channel, row + y, column), 1, columns, size);
            }
        }
    }
}
