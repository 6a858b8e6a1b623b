namespace SelfAdapt.Files.Grids;

/// <summary>The images of an array: channels of one position are one image, each time point and slice is an image of its own.</summary>
internal sealed class GridPictures : IPictureReader
{
    private readonly string _name;
    private readonly INumberGrid _grid;
    private readonly string _axes;

    /// <param name="name">What messages call it.</param>
    /// <param name="axes">What its axes are: of t, c, z, y and x.</param>
    /// <param name="source">What said so.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: these are no picture's axes, or it is too large.</exception>
    public GridPictures(string format, string name, INumberGrid grid, string axes, string source, int levels = 0)
    {
        (Format, _name, _grid, _axes, Levels) = (format, name, grid, axes, levels);
        string shape = string.Join(" x ", grid.Shape);
        if (axes.Length != grid.Shape.Count || !GridAxes.AreThose(axes))
        {
            throw Unsupported($"its axes ({axes}) of {shape} values are not t, c, z, y and x");
        }

        if (grid.Shape.Any(n => n < 1)
            || Length('t') * Length('z') > ImageLimits.Pages
            || (Int128)Length('c') * Length('y') * Length('x') > ImageLimits.StreamedSamples
            || Math.Max(Math.Max(Length('y'), Length('x')), Length('c')) > ImageLimits.PageSamples)
        {
            throw Unsupported($"its {shape} values ({axes}) are none, or more than are read");
        }

        Understood = FormattableString.Invariant(
            $"T {Length('t')}, Z {Length('z')}, C {Length('c')}, positions 1 ({source})");
    }

    public string Format { get; }

    public int Levels { get; }

    public string Understood { get; }

    public int ImageCount => (int)(Length('t') * Length('z'));

    public IReadOnlyList<string> Notes => [];

    public bool IsOneStack => Length('t') == 1 || Length('z') == 1;

    public StackShape? Shape => new((int)Length('z'), (int)Length('t'), TimesFirst: false);

    public (int Channels, int Height, int Width) SizeOf(int index) => ((int)Length('c'), (int)Length('y'), (int)Length('x'));

    public int RowsPerBlock(int index) => (int)Math.Min(Length('y'), _grid.Chunk[_axes.IndexOf('y')]);

    public SampleKind KindOf(int index) => _grid.Kind;

    public double? NoDataOf(int index) => null;

    public Raster Decode(int index, int firstRow, int rowCount)
    {
        (int channels, _, int width) = SizeOf(index);
        int size = _grid.Kind.Size();
        if ((Int128)channels * rowCount * width > ImageLimits.PageSamples
            || (Int128)channels * rowCount * width * size > ImageLimits.PageBytes)
        {
            throw Unsupported(
                $"an image of {channels} x {Length('y')} x {width} values is more than is read at once; take a smaller copy of it "
                + "(a level), where it has some, or crop it");
        }

        long[] start = new long[_axes.Length];
        int[] count = new int[_axes.Length];
        for (int a = 0; a < _axes.Length; a++)
        {
            (start[a], count[a]) = _axes[a] switch
            {
                't' => (index / Length('z'), 1),
                'z' => (index % Length('z'), 1),
                'c' => (0, channels),
                'y' => (firstRow, rowCount),
                _ => (0, width),
            };
        }

        Raster raster = new(channels, rowCount, width, _grid.Kind);
        if (_axes.Where(a => a is 'c' or 'y' or 'x').SequenceEqual(_axes.Contains('c') ? "cyx" : "yx"))
        {
            _grid.Read(start, count, raster.Samples.Bytes);
            return raster;
        }

        byte[] read = new byte[raster.Samples.Bytes.Length];
        _grid.Read(start, count, read);
        for (int c = 0; c < channels; c++)
        {
            for (int y = 0; y < rowCount; y++)
            {
                SampleBuffer.CopyStrided(
                    read.AsSpan(((c * Step('c')) + (y * Step('y'))) * size), Step('x'), raster.From(c, y, 0), 1, width, size);
            }
        }

        return raster;

        // Values from one place to the next along an axis.
        int Step(char axis)
        {
            int step = 1;
            for (int a = _axes.IndexOf(axis) + 1; a < _axes.Length; a++)
            {
                step *= count[a];
            }

            return step;
        }
    }

    public void Dispose() => _grid.Dispose();

    private long Length(char axis) => _axes.IndexOf(axis) is >= 0 and int at ? _grid.Shape[at] : 1;

    private SelfAdaptException Unsupported(string reason) => new(ErrorKind.UnreadableInput, _name, $"{reason}.");
}
