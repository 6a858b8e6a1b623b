using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Streaming;

namespace SelfAdapt.Tool;

/// <summary>What segment does with every image.</summary>
/// <param name="Options">How images are segmented.</param>
/// <param name="Memory">Bytes beyond which an image is worked on in parts.</param>
/// <param name="Force">Whether results may be there already.</param>
internal sealed record SegmentPlan(
    string Folder, IReadOnlySet<ResultKind> Kinds, SegmentationOptions Options, long Memory, bool Force);

/// <summary>Segments files one after the other, large ones in parts, and passes over what an earlier run did.</summary>
internal sealed class SegmentBatch : IDisposable
{
    private readonly Terminal _terminal;
    private readonly SegmentPlan _plan;
    private readonly Func<InferenceEngine> _open;
    private readonly SegmentJournal _journal;
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SkippedFile> _skipped;
    private InferenceEngine? _engine;
    private SegmentationOptions _options;

    /// <summary>Opens a network for a plan.</summary>
    /// <param name="terminal">Where results and progress go.</param>
    /// <param name="open">Opens the network; once more where memory ran out.</param>
    /// <param name="skipped">Receives what was passed over.</param>
    public SegmentBatch(
        Terminal terminal, SegmentPlan plan, Func<InferenceEngine> open, SegmentJournal journal,
        List<SkippedFile> skipped)
    {
        (_terminal, _plan, _open, _journal, _skipped) = (terminal, plan, open, journal, skipped);
        _options = plan.Options;
        _engine = open();
        EngineName = _engine.Name;
    }

    /// <summary>Whether files are read together with those that hold other planes of the same pictures.</summary>
    public bool JoinsSets { get; init; }

    /// <summary>The engine in use.</summary>
    public string EngineName { get; }

    /// <summary>The first image that did not fit the network, or could not be done within the memory.</summary>
    public SelfAdaptException? FirstMisfit { get; private set; }

    /// <summary>How many files an earlier run had finished.</summary>
    public int DoneBefore { get; private set; }

    /// <summary>Segments files.</summary>
    /// <returns>The results, one per image.</returns>
    /// <exception cref="SelfAdaptException">
    /// OutputExists: a result is there and not known as finished. Others as <see cref="Segmenter.Segment"/>.
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
                results.AddRange(done);
                _names.UnionWith(done.Select(d => d.Name));
            }
            else
            {
                int skippedBefore = _skipped.Count;
                List<SegmentedImage> own = Segment(file, progress);
                results.AddRange(own);
                if (own.Count > 0 && _skipped.Count == skippedBefore)
                {
                    _journal.Add(file, own);
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
        if (!_plan.Force)
        {
            RequireFree(_plan.Folder, name, _plan.Kinds);
        }
    }

    private List<SegmentedImage> Segment(string file, BatchProgress progress)
    {
        List<SegmentedImage> results = [];
        try
        {
            using TiffRows? rows = TiffRows.TryOpen(file);
            if (rows is not null && IsLarge(file, rows.Channels, rows.Height, rows.Width))
            {
                string name = ImageFolder.UniqueName(Path.GetFileNameWithoutExtension(file), file, _names);
                results.Add(OnceMore(file, () => SegmentInParts(rows, name, file, progress)));
                return results;
            }
        }
        catch (SelfAdaptException e) when (e.Kind is ErrorKind.UnreadableInput or ErrorKind.ModelImageMismatch
            or ErrorKind.OutOfMemory)
        {
            PassOver(file, e);
            return results;
        }

        try
        {
            foreach (NamedImage image in ImageFolder.ReadFile(file, _names, _skipped, JoinsSets))
            {
                _terminal.Cancelled.ThrowIfCancellationRequested();
                Segment(image, file, progress, results);
            }
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.OutOfMemory)
        {
            PassOver(file, e);
        }

        return results;
    }

    private void Segment(NamedImage image, string file, BatchProgress progress, List<SegmentedImage> results)
    {
        try
        {
            bool large = IsLarge(file, image.Image.Channels, image.Image.Height, image.Image.Width);
            results.Add(OnceMore(file, () => large
                ? SegmentInParts(new ImageRows(image.Image), image.Name, file, progress)
                : SegmentWhole(image, file)));
        }
        catch (SelfAdaptException e) when (e.Kind is ErrorKind.ModelImageMismatch or ErrorKind.OutOfMemory)
        {
            PassOver(file, e);
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

    private void PassOver(string file, SelfAdaptException reason)
    {
        FirstMisfit ??= reason;
        _skipped.Add(new(file, reason.Message));
    }

    private bool IsLarge(string file, int channels, int height, int width) =>
        MemoryEstimate.Whole(channels, height, width, Network(file), _options) > _plan.Memory;

    private string StemOf(string name) => Path.Combine(_plan.Folder, name);

    private SegmentedImage SegmentWhole(NamedImage image, string file)
    {
        RequireFree(image.Name);
        Stopwatch watch = Stopwatch.StartNew();
        ISegmentationNetwork network = Network(file);
        SegmentationResult result = new Segmenter(network, _options).Segment(image.Image, image.Path);
        IReadOnlySet<ResultKind> kinds = _plan.Kinds;
        int cells = result.Masks.Labels.Max();
        if (kinds.Contains(ResultKind.Png) && cells > ushort.MaxValue)
        {
            _terminal.Progress.Note(
                $"{image.Name}: more than {ushort.MaxValue:N0} cells, so TIFF instead of PNG");
            kinds = kinds.Except([ResultKind.Png]).Append(ResultKind.Tif).ToHashSet();
        }

        IReadOnlyList<string> files = SegmentationFormats.Write(
            kinds, StemOf(image.Name), image, result, _options, network.Outputs);
        return Tell(image.Name, image.Path, files, cells, watch.Elapsed.TotalSeconds);
    }

    private SegmentedImage SegmentInParts(IRowSource rows, string name, string file, BatchProgress progress)
    {
        if (_plan.Kinds.Any(k => k != ResultKind.Tif))
        {
            throw new SelfAdaptException(
                ErrorKind.OutOfMemory, file,
                $"{rows.Width}x{rows.Height} pixels are more than --memory-limit takes as a whole, and in parts "
                + "only --format tif is written. Leave out the other formats, or raise --memory-limit.");
        }

        RequireFree(name);
        Stopwatch watch = Stopwatch.StartNew();
        StreamedSegmenter segmenter = new(Network(file), _options, _plan.Memory);
        string path = SegmentationFormats.PathOf(StemOf(name), ResultKind.Tif);
        string begun = path + ".unfinished";
        int cells = 0;
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
