namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>
/// OME-TIFF: XML says which page is which channel, slice and time point, of this file or of a set of files.
/// </summary>
internal sealed class OmePlanes
{
    private const string Source = "OME";

    private readonly TiffPages _pages;
    private readonly OmeDescription _description;
    private readonly Func<string, long, long?> _planeOf;
    private readonly Dictionary<int, int> _planeOfPage = [];
    private readonly HashSet<long> _named = [];
    private readonly bool _isOfOneFile;
    private bool _isPart;
    private int _steps;

    private OmePlanes(TiffPages pages, OmeDescription description, Func<string, long, long?> planeOf)
    {
        (_pages, _description, _planeOf) = (pages, description, planeOf);
        _isOfOneFile = description.FileNames.Count() == 1;
        int plane = 0;
        for (int i = 0; i < pages.Pages.Count; i++)
        {
            _planeOfPage[pages.Directories[i].Number - 1] = plane;
            plane += pages.Pages[i].Slices;
        }
    }

    /// <summary>Reads the order of a file's planes.</summary>
    /// <param name="description">The description, of this file or of the set that it belongs to.</param>
    /// <param name="planeOf">
    /// Where a page of another file of the set, by its name, is among the planes of all; null if it is not read.
    /// </param>
    public static PlaneOrder? TryRead(
        TiffPages pages, OmeDescription? description, Func<string, long, long?> planeOf)
    {
        if (description is null)
        {
            return null;
        }

        return description.Series.Count == 0
            ? PlaneOrder.Alone(Source, pages.Planes) with
            {
                Note = $"what its planes are stands in {description.MetadataFile}, which is not read with it: each "
                    + "is an image of its own",
            }
            : new OmePlanes(pages, description, planeOf).Read();
    }

    private PlaneOrder? Read()
    {
        long next = 0;
        List<(IReadOnlyCollection<long> Planes, bool IsWhole)> positions = [];
        foreach (OmeSeries series in _description.Series)
        {
            if (!TryPlace(series, ref next, out SortedDictionary<(int, int), SortedDictionary<int, long>> places))
            {
                return null;
            }

            positions.AddRange(places.Values.Select(
                p => ((IReadOnlyCollection<long>)p.Values, p.Count == series.Channels)));
        }

        if (_named.Count == 0)
        {
            return null;
        }

        List<long[]> rest =
            [.. Enumerable.Range(0, _pages.Planes).Where(p => !_named.Contains(p)).Select(p => new long[] { p })];
        OmeSeries first = _description.Series[0];
        PlaneOrder order = PlaneOrder.Ragged(Source, positions);
        return order with
        {
            Images = [.. order.Images, .. rest],
            Slices = first.Slices,
            Times = first.Times,
            TimesFirst = IsTimesFirst(first.Order),
            Positions = _description.Series.Count,
            Note = order.Note ?? (_isPart
                ? "it is one of several files that belong together; the others' planes are not read with it"
                : rest.Count > 0 ? $"{rest.Count} pages that its description does not name are images of their own"
                : null),
        };
    }

    private static bool IsTimesFirst(string order) => order.IndexOf('T') < order.IndexOf('Z');

    /// <summary>Puts a series' planes in their places.</summary>
    /// <param name="next">The page at which runs without a page go on.</param>
    /// <param name="places">The channels of each position; positions in the series' own order.</param>
    /// <returns>False if the description can't be meant.</returns>
    private bool TryPlace(
        OmeSeries series, ref long next, out SortedDictionary<(int, int), SortedDictionary<int, long>> places)
    {
        places = [];
        string order = new([.. series.Order.Where(a => a is 'C' or 'Z' or 'T').Distinct()]);
        if (order.Length != 3)
        {
            return false;
        }

        bool timesFirst = IsTimesFirst(order);
        int[] sizes = [.. order.Select(a => a == 'C' ? series.Channels : a == 'Z' ? series.Slices : series.Times)];
        IReadOnlyList<OmeRun> runs = series.Runs.Count > 0 ? series.Runs : [new OmeRun()];
        foreach (OmeRun run in runs)
        {
            bool own = IsOwn(run);
            long page = run.Page ?? (run.FileName is null ? next : 0);
            long index = 0;
            for (int axis = 2; axis >= 0; axis--)
            {
                int at = order[axis] == 'C' ? run.Channel / series.SamplesPerChannel
                    : order[axis] == 'Z' ? run.Slice : run.Time;
                index = (index * sizes[axis]) + at;
            }

            for (int i = 0; i < (run.Count ?? int.MaxValue) && index < series.Planes; i++, index++, page++)
            {
                if (PlaneOf(run, own, page) is not { } plane)
                {
                    _isPart |= !own;
                    break;
                }

                // The same pages named again and again would keep a reader busy for hours.
                if (++_steps > 2 * ImageLimits.Pages)
                {
                    return false;
                }

                _named.Add(plane);
                (long outer, long middle, long inner) = (
                    index / ((long)sizes[0] * sizes[1]), index / sizes[0] % sizes[1], index % sizes[0]);
                int Axis(char axis) => (int)(order[0] == axis ? inner : order[1] == axis ? middle : outer);
                (int, int) place = timesFirst ? (Axis('Z'), Axis('T')) : (Axis('T'), Axis('Z'));
                if (!places.TryGetValue(place, out SortedDictionary<int, long>? channels))
                {
                    channels = [];
                    places[place] = channels;
                }

                channels[Axis('C')] = plane;
            }

            next = own ? page : next;
        }

        return true;
    }

    private bool IsOwn(OmeRun run) =>
        (run.FileName is null && run.FileId is null)
        || (run.FileId is not null && run.FileId == _description.Id)
        || run.FileName == Path.GetFileName(_pages.Name)
        || (_description.Id is null && _isOfOneFile);

    private long? PlaneOf(OmeRun run, bool own, long page) =>
        !own ? (run.FileName is { } name ? _planeOf(name, page) : null)
        : _planeOfPage.TryGetValue((int)Math.Min(page, int.MaxValue), out int plane) ? plane
        : null;
}
