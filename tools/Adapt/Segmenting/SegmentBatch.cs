using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Streaming;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>What segment does with every image.</summary>
/// <param name="Options">How images are segmented.</param>
/// <param name="StitchThreshold">Least overlap of cells that are joined through a stack's planes; 0: planes are images.</param>
/// <param name="Memory">Bytes beyond which an image is worked on in parts.</param>
/// <param name="Force">Whether results may be there already.</param>
/// <param name="WholeNumbers">Whether the network takes whole intensities.</param>
/// <param name="Level">Which copy of images that hold several sizes: 0 for the full one.</param>
internal sealed record SegmentPlan(
    string Folder, IReadOnlySet<ResultKind> Kinds, SegmentationOptions Options, double StitchThreshold, long Memory,
    bool Force, bool WholeNumbers = false, int Level = 0);

/// <summary>Segments files one after the other, large ones in parts, and passes over what an earlier run did.</summary>
internal sealed class SegmentBatch : IDisposable
{
    private readonly Terminal _terminal;
    private readonly SegmentPlan _plan;
    private readonly Func<InferenceEngine> _open;
    private readonly SegmentJournal _journal;
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly SkippedFiles _skipped;
    private InferenceEngine? _engine;
    private SegmentationOptions _options;

    /// <summary>Opens a network for a plan.</summary>
    /// <param name="terminal">Where results and progress go.</param>
    /// <param name="open">Opens the network; once more where memory ran out.</param>
    /// <param name="skipped">Receives what was passed over.</param>
    public SegmentBatch(
        Terminal terminal, SegmentPlan plan, Func<InferenceEngine> open, SegmentJournal journal,
        SkippedFiles skipped)
    {
        (_terminal, _plan, _open, _journal, _skipped) = (terminal, plan, open, journal, skipped);
        _options = plan.Options;
        _engine = open();
        EngineName = _engine.Name;
    }

    /// <summary>Whether files are read together with those that hold other planes of the same pictures.</summary>
    public bool JoinsSets { get; init; }

    /// <summary>
    /// The task, where there are fewer images than tasks: large ones are then shared out by bands of blocks; null otherwise.
    /// </summary>
    public Shard? Shared { get; init; }

    /// <summary>Files that are this task's alone where <see cref="Shared"/> is given.</summary>
    public IReadOnlySet<string> Own { get; init; } = new HashSet<string>();

    /// <summary>The engine in use.</summary>
    public string EngineName { get; }

    /// <summary>How many files an earlier run had finished.</summary>
    public int DoneBefore { get; private set; }

    /// <summary>Segments files.</summary>
    /// <returns>The results, one per image.</returns>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: a result can't be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">Ctrl-C was pressed.</exception>
    public IReadOnlyList<SegmentedImage> Run(IReadOnlyList<string> files)
    {
        List<SegmentedImage> results = [];
        BatchProgress progress = new(_terminal.Progress, files.Count);
        foreach (string file in files)
        {
            _terminal.Cancelled.ThrowIfCancellationRequested();
            bool worked = false;
            if (!_plan.Force && _journal.Finished(file) is { } done)
            {
                DoneBefore++;
                results.AddRange(done.Images);
                _names.UnionWith(done.Images.Select(d => d.Name));
                _skipped.AddAll(file, done.Skipped);
            }
            else if (Shared is not null && FindBands(file, Shared, progress))
            {
                worked = true;
            }
            else if (Shared is null || Own.Contains(file))
            {
                (int skippedBefore, int passingBefore) = (_skipped.Count, _skipped.Passing);
                List<SegmentedImage> own = Segment(file, progress);
                results.AddRange(own);
                if (_skipped.Passing == passingBefore)
                {
                    _journal.Add(file, _plan.Options, new(own, [.. _skipped.Skip(skippedBefore).Select(s => s.Reason)]));
                }

                worked = true;
            }

            progress.Next(worked);
        }

        _terminal.Progress.Finish();
        return results;
    }

    public void Dispose() => _engine?.Dispose();

    /// <summary>Refuses to write over results.</summary>
    /// <exception cref="SelfAdaptException">OutputExists: one of them is there.</exception>
    public static void RequireFree(string folder, string name, IReadOnlySet<ResultKind> kinds)
    {
        foreach (string path in kinds.Select(k => SegmentationFormats.PathOf(Path.Combine(folder, name), k)))
        {
            if (File.Exists(path))
            {
                throw new SelfAdaptException(
                    ErrorKind.OutputExists, path,
                    $"is there already, and not from a run with these options. Give --force to write over it, "
                    + "or another folder with --out.");
            }
        }
    }

    private void RequireFree(string name)
    {
        if (!_plan.Force && !_journal.HasBegun(name))
        {
            RequireFree(_plan.Folder, name, _plan.Kinds);
        }
    }

    /// <summary>Does this task's part of a large image.</summary>
    /// <returns>False for other files, and for those that can't be read: one task tells.</returns>
    private bool FindBands(string file, Shard shard, BatchProgress progress)
    {
        PictureRows? opened;
        try
        {
            opened = ImageFile.TryOpenRows(file, _plan.Level);
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.UnreadableInput)
        {
            return false;
        }

        using PictureRows? rows = opened;
        if (rows is null || !IsLarge(file, rows.Channels, rows.Height, rows.Width))
        {
            return false;
        }

        _skipped.Try(file, () =>
        {
            RequireTiffForParts(file, rows.Height, rows.Width);
            string name = ImageFolder.UniqueName(ImageFile.NameOf(file), file, _names);
            IRowSource filled = MissingPixels.Fill(rows, out string? note);
            Note(name, note);
            int bands = SharedBlocks.Find(
                new StreamedSegmenter(Network(file), _options, _plan.Memory), filled, file,
                SegmentationFormats.PathOf(StemOf(name), ResultKind.Tif), _journal.Deciding(file), shard, _plan.Force,
                share => progress.Within(name, share), _terminal.Cancelled);
            _terminal.Progress.Finish();
            _terminal.Out.WriteLine($"{name}: part {shard} of it, {bands} rows of blocks");
        });
        return true;
    }

    private List<SegmentedImage> Segment(string file, BatchProgress progress)
    {
        List<SegmentedImage> results = [];
        _skipped.Try(file, () =>
        {
            using PictureRows? rows = ImageFile.TryOpenRows(file, _plan.Level);
            if (rows is not null && IsLarge(file, rows.Channels, rows.Height, rows.Width))
            {
                RequireTiffForParts(file, rows.Height, rows.Width);
                string name = ImageFolder.UniqueName(ImageFile.NameOf(file), file, _names);
                IRowSource filled = MissingPixels.Fill(rows, out string? note);
                Note(name, note);
                results.Add(OnceMore(file, () => SegmentInParts(filled, name, file, progress)));
                return;
            }

            if (_plan.StitchThreshold > 0 && ImageFolder.ReadStack(file, JoinsSets, _plan.Level) is { } planes)
            {
                string name = ImageFolder.UniqueName(ImageFile.NameOf(file), file, _names);
                results.Add(OnceMore(file, () => SegmentStack(planes, name, file)));
                return;
            }

            foreach (NamedImage image in ImageFolder.ReadFile(file, _names, _skipped, JoinsSets, _plan.Level))
            {
                _terminal.Cancelled.ThrowIfCancellationRequested();
                Note(image.Name, image.Note);
                _skipped.Try(file, () => results.Add(Segment(image, file, progress)));
            }
        });
        return results;
    }

    private SegmentedImage Segment(NamedImage image, string file, BatchProgress progress)
    {
        if (_plan.WholeNumbers && Array.TrueForAll(image.Image.Pixels, v => v is >= 0 and <= 1)
            && Array.Exists(image.Image.Pixels, v => v is > 0 and < 1))
        {
            throw new SelfAdaptException(
                ErrorKind.ModelImageMismatch, image.Path,
                "holds fractions from 0 to 1, but the network takes whole intensities: scale the image to its range.");
        }

        bool large = IsLarge(file, image.Image.Channels, image.Image.Height, image.Image.Width);
        if (large)
        {
            RequireTiffForParts(file, image.Image.Height, image.Image.Width);
        }

        return OnceMore(file, () => large
            ? SegmentInParts(new ImageRows(image.Image), image.Name, file, progress)
            : SegmentWhole(image, file));
    }

    private void Note(string name, string? note)
    {
        if (note is not null)
        {
            _terminal.Progress.Note($"{name}: {note}");
        }
    }

    /// <summary>Tries again with half as many tiles per call where memory runs out: the result is the same.</summary>
    private SegmentedImage OnceMore(string file, Func<SegmentedImage> segment)
    {
        int tiles = _options.BatchSize;
        try
        {
            return segment();
        }
        catch (Exception e) when (MemoryShortage.Is(e))
        {
            if (tiles == 1)
            {
                throw TooLarge(file, "", e);
            }

            _terminal.Progress.Note($"{file}: {MemoryShortage.Describe(e)} Once more with --batch-size {tiles / 2}.");
        }

        try
        {
            _options = _options with { BatchSize = tiles / 2 };
            _engine?.Dispose();
            _engine = null;
            MemoryShortage.Release();
            return segment();
        }
        catch (Exception e) when (MemoryShortage.Is(e))
        {
            throw TooLarge(file, $" with --batch-size {tiles}, and with {tiles / 2} too", e);
        }
    }

    /// <summary>The network; opened again where memory ran out before.</summary>
    private ISegmentationNetwork Network(string file)
    {
        try
        {
            _engine ??= _open();
            return _engine.Network;
        }
        catch (Exception e) when (MemoryShortage.Is(e))
        {
            throw TooLarge(file, "", e);
        }
    }

    private static SelfAdaptException TooLarge(string file, string when, Exception cause) => new(
        ErrorKind.OutOfMemory,
        cause is SelfAdaptException && cause.Message.StartsWith(file, StringComparison.Ordinal)
            ? cause.Message
            : $"{file}: memory ran out{when}. Give a smaller --batch-size, or a smaller --memory-limit so that it is done "
                + $"in parts, or close other programs. ({MemoryShortage.Describe(cause)})",
        cause);

    private bool IsLarge(string file, int channels, int height, int width) =>
        MemoryEstimate.Whole(channels, height, width, Network(file), _options) > _plan.Memory;

    private string StemOf(string name) => Path.Combine(_plan.Folder, name);

    private SegmentedImage SegmentWhole(NamedImage image, string file)
    {
        RequireFree(image.Name);
        Stopwatch watch = Stopwatch.StartNew();
        ISegmentationNetwork network = Network(file);
        SegmentationResult result = new Segmenter(network, _options).Segment(image.Image, image.Path);
        IReadOnlySet<ResultKind> kinds = SegmentationFormats.Fitting(_plan.Kinds, result.Masks, out string? note);
        Note(image.Name, note);
        _journal.Begin(image.Name);
        IReadOnlyList<string> files = SegmentationFormats.Write(
            kinds, StemOf(image.Name), image, result, _options, network.Outputs);
        return Tell(image.Name, image.Path, files, result.Masks.Labels.Max(), watch.Elapsed.TotalSeconds);
    }

    private SegmentedImage SegmentStack(IReadOnlyList<NamedImage> planes, string name, string file)
    {
        RequireTiffAlone(ErrorKind.ModelImageMismatch, file, "of cells that are joined through a stack");
        RequireFree(name);
        Stopwatch watch = Stopwatch.StartNew();
        Note(name, planes.Select(p => p.Note).FirstOrDefault(n => n is not null));
        LabelImage[] masks = new StackSegmenter(Network(file), _options, _plan.StitchThreshold).Segment(
            [.. planes.Select(p => p.Image)], file, _terminal.Cancelled);
        string path = SegmentationFormats.PathOf(StemOf(name), ResultKind.Tif);
        _journal.Begin(name);
        LabelFile.WriteTiff(path, masks);
        return Tell(name, file, [path], masks.Max(m => m.Labels.Max()), watch.Elapsed.TotalSeconds);
    }

    private void RequireTiffForParts(string file, int height, int width) => RequireTiffAlone(
        ErrorKind.OutOfMemory, file, $"{width}x{height} pixels are more than --memory-limit takes as a whole, and in parts");

    private void RequireTiffAlone(ErrorKind kind, string file, string why)
    {
        if (_plan.Kinds.Any(k => k != ResultKind.Tif))
        {
            throw new SelfAdaptException(kind, file, $"{why} only --format tif is written; leave out the other formats.");
        }
    }

    private SegmentedImage SegmentInParts(IRowSource rows, string name, string file, BatchProgress progress)
    {
        RequireFree(name);
        Stopwatch watch = Stopwatch.StartNew();
        StreamedSegmenter segmenter = new(Network(file), _options, _plan.Memory);
        string path = SegmentationFormats.PathOf(StemOf(name), ResultKind.Tif);
        string begun = path + ".unfinished";
        int cells = 0;
        _journal.Begin(name);
        OutputFile.Write(path, stream =>
        {
            if (_plan.Force)
            {
                OutputFile.Delete(begun);
            }

            LabelTiffStream labels = new(stream, rows.Height, rows.Width);
            using UnfinishedMasks unfinished = UnfinishedMasks.Open(
                begun, _journal.Deciding(file), rows.Height, rows.Width, labels.Write, out MaskProgress? from);
            if (from is not null)
            {
                _terminal.Progress.Note(string.Create(
                    CultureInfo.InvariantCulture, $"{name}: goes on after row {from.Top} of {rows.Height}"));
            }

            cells = segmenter.Segment(
                rows, file, Take, share => progress.Within(name, share), _terminal.Cancelled, from, unfinished.Mark);
            labels.Finish();

            void Take(ReadOnlySpan<int> finished)
            {
                labels.Write(finished);
                unfinished.Add(finished);
            }
        });
        OutputFile.Delete(begun);
        return Tell(name, file, [path], cells, watch.Elapsed.TotalSeconds);
    }

    private SegmentedImage Tell(string name, string file, IReadOnlyList<string> files, int cells, double seconds)
    {
        _terminal.Progress.Finish();
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name}: {cells} cells, {seconds:0.00} s"));
        return new SegmentedImage(name, file, files, cells, seconds);
    }
}
