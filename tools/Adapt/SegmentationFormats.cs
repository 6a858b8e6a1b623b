using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using SelfAdapt.Files.Images;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Results;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>The files that segment can write per image, and the options that choose them.</summary>
internal sealed class SegmentationFormats
{
    private static readonly (string Word, ResultKind Kind, string Ending)[] Kinds =
    [
        ("tif", ResultKind.Tif, "_cp_masks.tif"), ("png", ResultKind.Png, "_cp_masks.png"),
        ("flows", ResultKind.Flows, "_cp_output.tif"), ("rois", ResultKind.Rois, "_rois.zip"),
        ("geojson", ResultKind.GeoJson, "_cells.geojson"), ("outlines", ResultKind.Outlines, "_cp_outlines.txt"),
        ("npy", ResultKind.Npy, "_seg.npy"), ("csv", ResultKind.Csv, "_cells.csv"),
    ];

    private readonly Option<ResultKind[]?> _format = new("--format")
    {
        HelpName = "KIND,...",
        Description = "What to write per image: " + string.Join(", ", Kinds.Select(k => $"{k.Word} (NAME{k.Ending})"))
            + " [default: tif]",
        CustomParser = result =>
        {
            List<ResultKind> kinds = [];
            foreach (string word in result.Tokens.SelectMany(t => t.Value.Split(',')))
            {
                int index = Array.FindIndex(Kinds, k => k.Word == word);
                if (index < 0)
                {
                    result.AddError(
                        $"--format names '{word}', but knows only {string.Join(", ", Kinds.Select(k => k.Word))}.");
                    return null;
                }

                kinds.Add(Kinds[index].Kind);
            }

            return [.. kinds];
        },
    };

    private readonly Option<bool> _saveTif = OptionFactory.Flag("--save-tif", "As --format tif");
    private readonly Option<bool> _savePng = OptionFactory.Flag("--save-png", "As --format png");
    private readonly Option<bool> _saveFlows =
        OptionFactory.Flag("--save-flows", "As --format flows: the network's output planes");

    private readonly Option<bool> _saveRois = OptionFactory.Flag("--save-rois", "As --format rois");
    private readonly Option<bool> _saveTxt = OptionFactory.Flag("--save-txt", "As --format outlines");

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_format, _saveTif, _savePng, _saveFlows, _saveRois, _saveTxt])
        {
            command.Add(option);
        }
    }

    /// <summary>The kinds that were asked for; masks as TIFF where none of masks or cells was.</summary>
    /// <param name="parsed">The command line.</param>
    public IReadOnlySet<ResultKind> Get(ParseResult parsed)
    {
        HashSet<ResultKind> kinds = [.. parsed.GetValue(_format) ?? []];
        foreach ((Option<bool> flag, ResultKind kind) in (ReadOnlySpan<(Option<bool>, ResultKind)>)
            [(_saveTif, ResultKind.Tif), (_savePng, ResultKind.Png), (_saveFlows, ResultKind.Flows),
                (_saveRois, ResultKind.Rois), (_saveTxt, ResultKind.Outlines)])
        {
            if (parsed.GetValue(flag))
            {
                kinds.Add(kind);
            }
        }

        if (kinds.All(k => k == ResultKind.Flows))
        {
            kinds.Add(ResultKind.Tif);
        }

        return kinds;
    }

    /// <summary>The file of a kind.</summary>
    /// <param name="stem">Folder and image name without extension.</param>
    /// <param name="kind">The kind.</param>
    public static string PathOf(string stem, ResultKind kind) => stem + Kinds.Single(k => k.Kind == kind).Ending;

    /// <summary>Writes one image's files.</summary>
    /// <param name="kinds">What to write.</param>
    /// <param name="stem">Folder and image name without extension.</param>
    /// <param name="image">The image.</param>
    /// <param name="result">What was found in it.</param>
    /// <param name="options">How.</param>
    /// <param name="outputs">What the network's planes mean.</param>
    /// <returns>The files written, in the order of the help.</returns>
    /// <exception cref="SelfAdaptException">OutputNotWritable: a file can't be written.</exception>
    public static IReadOnlyList<string> Write(
        IReadOnlySet<ResultKind> kinds, string stem, NamedImage image, SegmentationResult result,
        SegmentationOptions options, OutputDescription outputs)
    {
        List<string> written = [];
        foreach ((_, ResultKind kind, _) in Kinds.Where(k => kinds.Contains(k.Kind)))
        {
            string path = PathOf(stem, kind);
            switch (kind)
            {
                case ResultKind.Tif:
                    LabelFile.WriteTiff(path, result.Masks);
                    break;
                case ResultKind.Png:
                    LabelFile.WritePng(path, result.Masks);
                    break;
                case ResultKind.Flows:
                    ImageFile.WriteTiff(path, result.Outputs);
                    break;
                case ResultKind.Rois:
                    RoiArchive.Write(path, result.Masks);
                    break;
                case ResultKind.GeoJson:
                    GeoJsonFile.Write(path, image.Name, result.Masks);
                    break;
                case ResultKind.Outlines:
                    OutlineText.Write(path, result.Masks);
                    break;
                case ResultKind.Npy:
                    CellposeSegFile.Write(path, result.Masks, Context(image, result, options, outputs));
                    break;
                default:
                    MeasurementTable.Write(path, result.Masks, image.Image);
                    break;
            }

            written.Add(path);
        }

        return written;
    }

    private static SegFileContext Context(
        NamedImage image, SegmentationResult result, SegmentationOptions options, OutputDescription outputs)
    {
        // At network scale the planes are no picture of the masks' size, and Cellpose makes no use of them.
        bool usable = outputs.HasFlow && outputs.Channels == 3
            && result.Outputs.Height == result.Masks.Height && result.Outputs.Width == result.Masks.Width;
        double diameter = options.Diameter > 0 ? options.Diameter : options.DiamMean;
        return new(Path.GetFullPath(image.Path), options.Channels, diameter, usable ? result.Outputs : null);
    }
}

/// <summary>Kinds of result file.</summary>
internal enum ResultKind
{
    Tif,
    Png,
    Flows,
    Rois,
    GeoJson,
    Outlines,
    Npy,
    Csv,
}
