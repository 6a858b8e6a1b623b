namespace SelfAdapt.Files;

/// <summary>Rows of a file's only image, which stays on disk; what was decoded last is kept for the next request.</summary>
internal sealed class PictureRows : IRowSource, IDisposable
{
    private const int LeastRows = 64;
    private const long MostChunkBytes = 1L << 28;

    private readonly string _name;
    private readonly IPictureReader _reader;
    private readonly int _rowsPerChunk;
    private int _chunk = -1;
    private Raster? _decoded;

    private PictureRows(string name, IPictureReader reader)
    {
        (_name, _reader) = (name, reader);
        (Channels, Height, Width) = reader.SizeOf(0);
        int block = reader.RowsPerBlock(0);
        _rowsPerChunk = Math.Min(Height, ((LeastRows + block - 1) / block) * block);
    }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    public double? NoData => _reader.NoDataOf(0);

    public bool MayMissPixels => NoData is not null || Decode(0).Samples.Kind is SampleKind.Float32 or SampleKind.Float64;

    /// <summary>Takes a reader; no pixels yet.</summary>
    /// <param name="name">What messages call the file.</param>
    /// <returns>Null if it holds several images, or has one packed strip and can be read whole; the reader is closed then.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: it can be read neither whole nor in rows.</exception>
    public static PictureRows? TryOf(string name, IPictureReader reader)
    {
        try
        {
            if (reader.ImageCount == 1)
            {
                PictureRows rows = new(name, reader);
                if (rows.ChunkBytes <= MostChunkBytes)
                {
                    return rows;
                }

                if ((long)rows.Channels * rows.Height * rows.Width > ImageLimits.PageSamples)
                {
                    throw rows.Unsupported(
                        "its strips or tiles are too large to be read one after the other; save it in strips of a few "
                        + "rows, or in tiles");
                }
            }
        }
        catch
        {
            reader.Dispose();
            throw;
        }

        reader.Dispose();
        return null;
    }

    private long ChunkBytes => (long)_rowsPerChunk * Width * Channels * sizeof(float);

    public Image Read(int firstRow, int rowCount)
    {
        if ((long)Channels * rowCount * Width > ImageLimits.PageSamples)
        {
            throw Unsupported(
                $"{rowCount} rows hold more than the {ImageLimits.PageSamples:N0} values that are read at once");
        }

        // Decoding finds out whether the file can hold what it declares, so memory is taken after that.
        float[]? pixels = null;
        for (int row = firstRow; row < firstRow + rowCount;)
        {
            Raster chunk = Decode(row / _rowsPerChunk);
            pixels ??= new float[Channels * rowCount * Width];
            int inChunk = row % _rowsPerChunk;
            int rows = Math.Min(chunk.Height - inChunk, firstRow + rowCount - row);
            for (int c = 0; c < Channels; c++)
            {
                int target = ((c * rowCount) + row - firstRow) * Width;
                chunk.Samples.ToFloats(
                    ((c * chunk.Height) + inChunk) * Width, pixels.AsSpan(target, rows * Width));
            }

            row += rows;
        }

        return new Image(Channels, rowCount, Width, pixels ?? []);
    }

    public void Dispose() => _reader.Dispose();

    private SelfAdaptException Unsupported(string reason) => new(ErrorKind.UnreadableInput, _name, $"{reason}.");

    private Raster Decode(int chunk)
    {
        if (chunk != _chunk || _decoded is null)
        {
            int first = chunk * _rowsPerChunk;
            _decoded = _reader.Decode(0, first, Math.Min(_rowsPerChunk, Height - first));
            _chunk = chunk;
        }

        return _decoded;
    }
}
