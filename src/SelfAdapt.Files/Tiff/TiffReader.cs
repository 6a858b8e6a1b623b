using SelfAdapt.Files.Tiff.Planes;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// Decodes TIFF files to images: the planes of one position (channels) become the channels of one image; Z slices, time
/// points and pages that nothing describes become images of their own.
/// </summary>
internal sealed class TiffReader : IPictureReader
{
    private readonly FileBytes _file;
    private readonly List<(TiffPage Page, long Index)> _planes = [];
    private readonly PlaneOrder _order;
    private readonly List<long[]> _images = [];
    private readonly List<string> _notes = [];
    private readonly Dictionary<(string File, long Page), long> _planesOfOthers = [];
    private readonly OmeSet? _set;

    /// <summary>Reads the layout of a file; no pixels yet.</summary>
    /// <param name="asLabels">Whether values of few bits stay as they are stored.</param>
    /// <param name="set">
    /// The files that belong together with this one; null to read it alone. Closed with the reader, as the file is.
    /// </param>
    /// <param name="level">Which copies are read: 0 the pages themselves, 1 their largest smaller copies, and so on.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the file breaks the TIFF rules or is too large.
    /// </exception>
    public TiffReader(FileBytes file, bool asLabels = false, OmeSet? set = null, int level = 0)
    {
        (_file, _set) = (file, set);
        List<TiffDirectory> all = TiffDirectory.ReadAll(file, out string? rubbish);
        List<TiffDirectory> directories = [.. all.Where(d => !TiffPage.IsNoImage(d))];
        directories = directories.Count > 0 ? directories : all;
        Note(rubbish);
        bool slide = WholeSlide.IsOne(file, directories[0]);
        if (slide)
        {
            Note("only the largest picture of the slide is read");
            directories = directories[..1];
        }

        Levels = Pyramid.Below(directories[0], all, slide).Count;
        (directories, List<TiffDirectory> read) = AtLevel(directories, all, slide, level);
        TiffPages pages = new(file.Name, directories, [.. read.Select(d => new TiffPage(file, d, asLabels))]);
        _planes.AddRange(pages.Pages.SelectMany(p => Enumerable.Range(0, p.Slices).Select(s => (p, (long)s))));
        AddPlanesOfOthers(asLabels, level);
        _order = Understand(pages);
        Note(_order.Note);
        if (pages.CanBeFollowed)
        {
            _planes.AddRange(Enumerable.Range(_planes.Count, (int)Math.Max(0, _order.Planes - _planes.Count))
                .Select(i => (pages.Pages[0], (long)i)));
        }

        Int128 samples = 0;
        foreach ((TiffPage page, _) in _planes)
        {
            samples += (Int128)page.Width * page.Height * page.Channels;
        }

        long most = file.IsStreamed ? ImageLimits.StreamedSamples : ImageLimits.FileSamples;
        if (_planes.Count > ImageLimits.Pages || samples > most)
        {
            throw file.Unsupported(
                $"its {_planes.Count:N0} planes hold more than the {most:N0} values "
                + $"or {ImageLimits.Pages:N0} pages that are read; split it into smaller files");
        }

        foreach (long[] image in _order.Images)
        {
            AddImage(image);
        }
    }

    public string Format => "TIFF";

    public int Levels { get; }

    /// <summary>How many images the file holds.</summary>
    public int ImageCount => _images.Count;

    /// <summary>What was left out or is not as the file says; empty for nothing.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether its images are the planes of one stack or the times of one place, not both or of several places.</summary>
    public bool IsOneStack => _order.Positions <= 1 && (_order.Times <= 1 || _order.Slices <= 1);

    /// <summary>How the images lie in depth and time; null where they are no such grid.</summary>
    public StackShape? Shape => (long)_order.Slices * _order.Times == ImageCount
        ? new StackShape(_order.Slices, _order.Times, _order.TimesFirst) : null;

    /// <summary>How the file's planes were understood, in one line.</summary>
    public string Understood => FormattableString.Invariant(
        $"T {_order.Times}, Z {_order.Slices}, C {SizeOf(0).Channels}, positions {_order.Positions} ({_order.Source})");

    /// <summary>The size of an image.</summary>
    /// <param name="index">0-based image.</param>
    public (int Channels, int Height, int Width) SizeOf(int index)
    {
        TiffPage first = FirstPage(index);
        return _order.IsFolded
            ? (first.Width, _images[index].Length, first.Height)
            : (_images[index].Sum(plane => PageOf(plane).Channels), first.Height, first.Width);
    }

    /// <summary>Rows of an image that are decoded together.</summary>
    /// <param name="index">0-based image.</param>
    public int RowsPerBlock(int index) => _order.IsFolded ? 1 : FirstPage(index).RowsPerBlock;

    /// <summary>Number type of an image's values as stored.</summary>
    /// <param name="index">0-based image.</param>
    public SampleKind KindOf(int index) => FirstPage(index).Kind;

    /// <summary>The value that stands for "no data" in an image, as GDAL's tag says; null if none does.</summary>
    /// <param name="index">0-based image.</param>
    public double? NoDataOf(int index) => FirstPage(index).NoData;

    /// <summary>Decodes one image.</summary>
    /// <param name="index">0-based image.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: its data are damaged.</exception>
    public Raster Decode(int index) => Decode(index, 0, SizeOf(index).Height);

    /// <summary>Decodes rows of one image.</summary>
    /// <param name="index">0-based image.</param>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: its data are damaged.</exception>
    public Raster Decode(int index, int firstRow, int rowCount)
    {
        long[] planes = _images[index];
        if (!_order.IsFolded && planes.Length == 1)
        {
            return DecodePlane(planes[0], firstRow, rowCount);
        }

        (int channels, _, int width) = SizeOf(index);
        SampleKind kind = FirstPage(index).Kind;
        if ((Int128)channels * rowCount * width * kind.Size() > ImageLimits.PageBytes)
        {
            throw _file.Unsupported(
                $"image {index + 1} has {channels} channels of more than the {ImageLimits.PageBytes:N0} bytes that "
                + "are read at once; crop it into smaller images");
        }

        return _order.IsFolded
            ? Unfold(planes.AsSpan(firstRow, rowCount), channels, width, kind)
            : Merge(planes, channels, firstRow, rowCount, width, kind);
    }

    public void Dispose()
    {
        _set?.Dispose();
        _file.Dispose();
    }

    /// <summary>The pages that have copies of a level, and those.</summary>
    private (List<TiffDirectory> Pages, List<TiffDirectory> Copies) AtLevel(
        List<TiffDirectory> pages, List<TiffDirectory> all, bool slide, int level)
    {
        if (level == 0)
        {
            return (pages, pages);
        }

        (TiffDirectory Page, TiffDirectory Copy)[] found =
        [
            .. pages.Select(p => (Page: p, Below: Pyramid.Below(p, all, slide))).Where(p => p.Below.Count >= level)
                .Select(p => (p.Page, p.Below[level - 1])),
        ];
        if (found.Length == 0)
        {
            throw PictureLevels.Missing(_file.Name, level, Levels);
        }

        Note(found.Length < pages.Count ? $"{pages.Count - found.Length} pages without a level {level} are left out" : null);
        return ([.. found.Select(f => f.Page)], [.. found.Select(f => f.Copy)]);
    }

    private PlaneOrder Understand(TiffPages pages) =>
        MicroManagerPlanes.TryRead(pages)
        ?? ZeissPlanes.TryRead(pages)
        ?? OmePlanes.TryRead(
            pages, _set?.Description ?? OmeDescription.TryParse(pages.Description),
            (name, page) => _planesOfOthers.TryGetValue((name, page), out long plane) ? plane : null)
        ?? ImageJPlanes.TryRead(pages)
        ?? MetaMorphPlanes.TryRead(pages)
        ?? ShapedPlanes.TryRead(pages)
        ?? PlainPlanes.Read(pages);

    private void AddPlanesOfOthers(bool asLabels, int level)
    {
        foreach ((string name, FileBytes file, List<TiffDirectory> pages) in _set?.Others ?? [])
        {
            foreach (TiffDirectory page in AtLevel([.. pages.Where(p => !TiffPage.IsNoImage(p))], pages, false, level).Copies)
            {
                _planesOfOthers[(name, page.Number - 1)] = _planes.Count;
                _planes.Add((new TiffPage(file, page, asLabels), 0));
            }

            Note($"{name} is read together with it");
        }
    }

    private void Note(string? note) => _notes.AddRange(note is null || _notes.Contains(note) ? [] : [note]);

    private TiffPage PageOf(long plane) => _planes[(int)plane].Page;

    private TiffPage FirstPage(int index) => PageOf(_images[index][0]);

    private Raster DecodePlane(long plane, int firstRow, int rowCount)
    {
        (TiffPage page, long index) = _planes[(int)plane];
        return page.Decode(index, firstRow, rowCount);
    }

    private Raster Merge(long[] planes, int channels, int firstRow, int rowCount, int width, SampleKind kind)
    {
        // Decoding finds out whether the file can hold what its pages declare, so memory is taken after that.
        List<byte[]> decoded = [.. planes.Select(p => DecodePlane(p, firstRow, rowCount).Samples.Bytes)];
        Raster merged = new(channels, rowCount, width, kind);
        int at = 0;
        foreach (byte[] plane in decoded)
        {
            plane.CopyTo(merged.Samples.Bytes, at);
            at += plane.Length;
        }

        return merged;
    }

    private Raster Unfold(ReadOnlySpan<long> rows, int channels, int width, SampleKind kind)
    {
        Raster? image = null;
        for (int y = 0; y < rows.Length; y++)
        {
            byte[] decoded = DecodePlane(rows[y], 0, width).Samples.Bytes;
            image ??= new Raster(channels, rows.Length, width, kind);
            for (int c = 0; c < channels; c++)
            {
                SampleBuffer.CopyStrided(
                    decoded.AsSpan(c * kind.Size()), channels, image.From(c, y, 0), 1, width, kind.Size());
            }
        }

        return image!;
    }

    private void AddImage(long[] planes)
    {
        // Pages of different size or number type can't be channels of one image, whatever the description says.
        TiffPage first = PageOf(planes[0]);
        bool alike = Array.TrueForAll(
            planes, p => PageOf(p).Width == first.Width && PageOf(p).Height == first.Height
                && PageOf(p).Kind == first.Kind);
        if (alike)
        {
            _images.Add(planes);
        }
        else
        {
            _images.AddRange(planes.Select(p => new[] { p }));
            Note("pages of different size or number type are images of their own");
        }
    }
}
