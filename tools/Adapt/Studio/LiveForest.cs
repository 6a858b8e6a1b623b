using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Instances;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Studio;

/// <summary>A rectangle of an image, and of how many pixels in each direction one is looked at.</summary>
internal readonly record struct MapPart(int Top, int Left, int Height, int Width, int Step)
{
    /// <summary>Rows that are looked at.</summary>
    public int Rows => (Height + Step - 1) / Step;

    public int Columns => (Width + Step - 1) / Step;
}

/// <summary>
/// The forest of the strokes as they are now, and its maps for the page: features are computed once and kept as long as
/// there is room, so that a stroke costs the growing of a forest and its walk over what is seen.
/// </summary>
internal sealed class LiveForest(StrokeStore strokes, StudioImages images) : IDisposable
{
    // More painted pixels than this per class are thinned out for the page: a forest of all of them would keep it waiting.
    private const int MostPixels = 10_000;
    private const long FeatureBytes = 384L << 20;

    // Features of larger parts are not kept: they would push out those of what is looked at.
    private const long PartBytes = FeatureBytes * 2 / 3;
    private const long ScaledBytes = 128L << 20;

    private static readonly FeatureSet Set = FeatureSet.Full;

    private readonly BoundedCache<(int Image, int Plane, int Step, int Tile), FeatureRows> _rows = new(FeatureBytes);
    private readonly BoundedCache<(int Image, int Plane), FeatureImage> _scaled = new(ScaledBytes);
    private readonly Dictionary<string, PaintedFeatures> _painted = [];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly SemaphoreSlim _enhancing = new(1);
    private (long Version, RandomForest? Forest) _grown = (-1, null);
    private (int Threads, LoadedEnhancer Enhancer)? _enhancer;

    /// <summary>Bytes that features and scaled images take now.</summary>
    public long BytesKept => _rows.Bytes + _scaled.Bytes;

    /// <summary>Every n-th pixel's probability of an object, 0 to 255, of a part; null as long as a class is not painted.</summary>
    /// <param name="threads">0: one per processor.</param>
    public async Task<byte[]?> MapAsync(
        int index, int plane, MapPart part, int threads, CancellationToken aborted)
    {
        float[] map = new float[part.Rows * part.Columns];
        return await PredictAsync(index, plane, part, map, threads, aborted).ConfigureAwait(false) ? Bytes(map) : null;
    }

    /// <summary>The probability map of a part, repaired where that is wanted, and the objects that are cut from it.</summary>
    /// <returns>Null as long as a class is not painted.</returns>
    public async Task<(byte[] Map, LabelImage Objects)?> ObjectsAsync(
        int index, int plane, MapPart part, StrokeSetup setup, int threads, CancellationToken aborted)
    {
        part = part with { Step = 1 };
        float[] map = new float[part.Rows * part.Columns];
        if (!await PredictAsync(index, plane, part, map, threads, aborted).ConfigureAwait(false))
        {
            return null;
        }

        // The next stroke's map does not wait for this.
        if (setup.Enhance)
        {
            map = await EnhanceAsync(map, part, threads, aborted).ConfigureAwait(false);
        }

        aborted.ThrowIfCancellationRequested();
        return (Bytes(map), Watershed.Cut(map, part.Height, part.Width, setup.Instances));
    }

    public void Dispose()
    {
        _enhancer?.Enhancer.Dispose();
        _turn.Dispose();
        _enhancing.Dispose();
    }

    /// <returns>False as long as a class is not painted; features are made ready even so.</returns>
    private async Task<bool> PredictAsync(
        int index, int plane, MapPart part, float[] map, int threads, CancellationToken aborted)
    {
        await _turn.WaitAsync(aborted).ConfigureAwait(false);
        try
        {
            FeatureImage image = Scaled(index, plane);
            RandomForest? forest = Grow(threads, aborted);
            Predict(forest, image, (index, plane), part, map, threads, aborted);
            return forest is not null;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<float[]> EnhanceAsync(float[] map, MapPart part, int threads, CancellationToken aborted)
    {
        await _enhancing.WaitAsync(aborted).ConfigureAwait(false);
        try
        {
            return PredictionEnhancer.Enhance(Enhancer(threads).Network, map, part.Height, part.Width, threads);
        }
        finally
        {
            _enhancing.Release();
        }
    }

    private static byte[] Bytes(float[] map) => Array.ConvertAll(map, p => (byte)((255 * p) + 0.5f));

    private FeatureImage Scaled(int index, int plane) => _scaled.Get(
        (index, plane),
        () =>
        {
            NamedImage[] read = images.Read(index);
            return FeatureImage.From(read[plane].Image, read[plane].Path);
        },
        i => sizeof(float) * (long)i.Values.Length);

    /// <summary>Walks the forest over a part's pixels; without one only their features are made ready.</summary>
    private void Predict(
        RandomForest? forest, FeatureImage image, (int Index, int Plane) of, MapPart part, float[] map, int threads,
        CancellationToken aborted)
    {
        const int Side = FeatureTile.Side;
        int across = (image.Width + Side - 1) / Side;
        int[] tiles =
        [
            .. from y in Enumerable.Range(part.Top / Side, ((part.Top + part.Height - 1) / Side) - (part.Top / Side) + 1)
               from x in Enumerable.Range(part.Left / Side, ((part.Left + part.Width - 1) / Side) - (part.Left / Side) + 1)
               select (y * across) + x,
        ];
        ParallelOptions parallel = Parallelism.Of(threads);
        parallel.CancellationToken = aborted;
        if (threads <= 0)
        {
            // Each thread holds memory of its own.
            parallel.MaxDegreeOfParallelism = Environment.ProcessorCount;
        }

        bool keeps = sizeof(float) * (long)Set.Columns * part.Rows * part.Columns <= PartBytes;
        Parallel.ForEach(tiles, parallel, () => new Scratch(), (number, _, scratch) =>
        {
            (int top, int left) = (number / across * Side, number % across * Side);
            FeatureRows Compute(FeatureRows rows)
            {
                scratch.Tile.Compute(
                    image.Values, image.Height, image.Width, top, left, Math.Min(Side, image.Height - top),
                    Math.Min(Side, image.Width - left));
                return rows.Take(scratch.Tile, Set, part.Step);
            }

            FeatureRows rows = keeps
                ? _rows.Get(
                    (of.Index, of.Plane, part.Step, number), () => Compute(new FeatureRows()), r => sizeof(float) * (long)r.Values.Length)
                : Compute(scratch.Rows);
            if (forest is not null)
            {
                Span<float> values = scratch.Map.AsSpan(0, rows.Height * rows.Width);
                forest.Predict(rows, values);
                Place(values, rows, top, left, part, map);
            }

            return scratch;
        }, _ => { });
    }

    /// <summary>Copies what of a tile lies in a part; both begin at whole steps.</summary>
    private static void Place(ReadOnlySpan<float> values, FeatureRows rows, int top, int left, MapPart part, float[] map)
    {
        (int y, int x) = ((top - part.Top) / part.Step, (left - part.Left) / part.Step);
        (int from, int to) = (Math.Max(0, -x), Math.Min(rows.Width, part.Columns - x));
        for (int row = Math.Max(0, -y); row < Math.Min(rows.Height, part.Rows - y); row++)
        {
            values.Slice((row * rows.Width) + from, to - from).CopyTo(map.AsSpan(((y + row) * part.Columns) + x + from));
        }
    }

    private RandomForest? Grow(int threads, CancellationToken aborted)
    {
        long version = strokes.Version;
        if (_grown.Version == version)
        {
            return _grown.Forest;
        }

        IReadOnlyList<PaintedImage> painted = strokes.Painted;
        int objects = painted.Sum(p => p.ObjectPixels);
        int background = painted.Sum(p => p.BackgroundPixels);
        RandomForest? forest = null;
        if (objects > 0 && background > 0)
        {
            foreach (string gone in _painted.Keys.Except(painted.Select(p => p.Name)).ToArray())
            {
                _painted.Remove(gone);
            }

            (uint Objects, uint Background) every = (Every(objects), Every(background));
            TrainingPixels[] parts = [.. painted.Select(p => Features(p, every, threads, aborted)).Where(p => p.Count > 0)];
            forest = RandomForest.Train(Set, TrainingPixels.Join(parts, Set.Columns), new ForestOptions(), threads, aborted);
        }

        _grown = (version, forest);
        return forest;
    }

    /// <summary>Of how many painted pixels one is learnt from: a power of two, so that what is left out stays left out.</summary>
    private static uint Every(int pixels)
    {
        uint every = 1;
        while (pixels / every > MostPixels)
        {
            every *= 2;
        }

        return every;
    }

    private TrainingPixels Features(
        PaintedImage painted, (uint Objects, uint Background) every, int threads, CancellationToken aborted)
    {
        if (!_painted.TryGetValue(painted.Name, out PaintedFeatures? known))
        {
            _painted.Add(painted.Name, known = new PaintedFeatures());
        }

        return known.Read(
            painted, every, Set, places => PixelReader.Read(
                Scaled(painted.Index, painted.Plane), Set, places, new bool[places.Count], threads, aborted));
    }

    private LoadedEnhancer Enhancer(int threads)
    {
        if (_enhancer is { } open && open.Threads == threads)
        {
            return open.Enhancer;
        }

        _enhancer?.Enhancer.Dispose();
        _enhancer = null;
        LoadedEnhancer enhancer = LoadedEnhancer.Open(
            DefaultModel.BuiltinEnhancer, Set, new EngineRequest { Threads = threads }, TextWriter.Null)!;
        _enhancer = (threads, enhancer);
        return enhancer;
    }

    /// <summary>What one thread works in.</summary>
    private sealed class Scratch
    {
        private FeatureTile? _tile;

        /// <summary>Some 20 MB: made where features are not there yet.</summary>
        public FeatureTile Tile => _tile ??= new FeatureTile(Set);

        public FeatureRows Rows { get; } = new();

        public float[] Map { get; } = new float[FeatureTile.Side * FeatureTile.Side];
    }
}
