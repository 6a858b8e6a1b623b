using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Regions;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Results;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>The files that segment can write per image.</summary>
internal static class SegmentationFormats
{
    private static readonly (ResultKind Kind, string Ending)[] Kinds =
    [
        (ResultKind.Tif, "_cp_masks.tif"), (ResultKind.Png, "_cp_masks.png"), (ResultKind.Flows, "_cp_output.tif"),
        (ResultKind.Rois, "_rois.zip"), (ResultKind.GeoJson, "_cells.geojson"),
        (ResultKind.Outlines, "_cp_outlines.txt"), (ResultKind.Npy, "_seg.npy"), (ResultKind.Csv, "_cells.csv"),
        (ResultKind.OmeZarr, "_cp_masks.zarr/" + OmeZarrLabels.Last),
    ];

    /// <summary>The kinds that were asked for; masks as TIFF where none of masks or cells was.</summary>
    public static IReadOnlySet<ResultKind> Chosen(FormatSettings settings)
    {
        HashSet<ResultKind> kinds = [.. settings.Format ?? []];
        foreach ((bool asked, ResultKind kind) in (ReadOnlySpan<(bool, ResultKind)>)
            [(settings.SaveTif, ResultKind.Tif), (settings.SavePng, ResultKind.Png),
                (settings.SaveFlows, ResultKind.Flows), (settings.SaveRois, ResultKind.Rois), (settings.SaveTxt, ResultKind.Outlines)])
        {
            if (asked)
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

    /// <summary>The kinds that can hold an image: others take the place of those that are too small for it.</summary>
    /// <param name="note">What is written instead, in words for the user; null for what was asked.</param>
    public static IReadOnlySet<ResultKind> Fitting(
        IReadOnlySet<ResultKind> kinds, LabelImage masks, out string? note)
    {
        (ResultKind Small, ResultKind Large, bool TooSmall, string Why)[] limits =
        [
            (ResultKind.Png, ResultKind.Tif, kinds.Contains(ResultKind.Png) && masks.Labels.Max() > ushort.MaxValue,
                $"more than {ushort.MaxValue:N0} cells: TIFF instead of PNG"),
            (ResultKind.Rois, ResultKind.GeoJson, Math.Max(masks.Height, masks.Width) > ImageJRegion.LongestSide,
                $"longer than the {ImageJRegion.LongestSide:N0} px of ImageJ's regions: GeoJSON instead"),
            (ResultKind.Npy, ResultKind.Tif, masks.Labels.Length > CellposeSegFile.MostPixels,
                $"more than the {CellposeSegFile.MostPixels:N0} pixels of a _seg.npy: TIFF instead"),
        ];
        HashSet<ResultKind> fitting = [.. kinds];
        List<string> notes = [];
        foreach ((ResultKind small, ResultKind large, bool tooSmall, string why) in limits)
        {
            if (tooSmall && fitting.Remove(small))
            {
                fitting.Add(large);
                notes.Add(why);
            }
        }

        note = notes.Count == 0 ? null : string.Join("; ", notes);
        return fitting;
    }

    /// <summary>The file of a kind; of several files the last.</summary>
    /// <param name="stem">Folder and image name without extension.</param>
    public static string PathOf(string stem, ResultKind kind) => stem + Kinds.Single(k => k.Kind == kind).Ending;

    /// <summary>Writes one image's files.</summary>
    /// <param name="stem">Folder and image name without extension.</param>
    /// <param name="result">What was found in it.</param>
    /// <param name="outputs">What the network's planes mean.</param>
    /// <returns>The files written, in the order of the help.</returns>
    /// <exception cref="SelfAdaptException">OutputNotWritable: a file can't be written.</exception>
    public static IReadOnlyList<string> Write(
        IReadOnlySet<ResultKind> kinds, string stem, NamedImage image, SegmentationResult result,
        SegmentationOptions options, OutputDescription outputs)
    {
        List<string> written = [];
        foreach ((ResultKind kind, _) in Kinds.Where(k => kinds.Contains(k.Kind)))
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
                case ResultKind.OmeZarr:
                    written.AddRange(WriteStore(Path.GetDirectoryName(path)!, result.Masks));
                    continue;
                default:
                    MeasurementTable.Write(path, result.Masks, image.Image);
                    break;
            }

            written.Add(path);
        }

        return written;
    }

    private static List<string> WriteStore(string folder, LabelImage masks)
    {
        List<string> written = [];
        foreach ((string inner, byte[] content) in OmeZarrLabels.Files(masks))
        {
            string path = Path.Combine(folder, inner.Replace('/', Path.DirectorySeparatorChar));
            OutputFolder.RequireWritable(Path.GetDirectoryName(path)!);
            OutputFile.Write(path, content);
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

/// <summary>The options that choose files.</summary>
internal sealed record FormatSettings
{
    [Setting("What to write per image: tif (NAME_cp_masks.tif), png (NAME_cp_masks.png), flows (NAME_cp_output.tif), "
        + "rois (NAME_rois.zip), geojson (NAME_cells.geojson), outlines (NAME_cp_outlines.txt), npy (NAME_seg.npy), "
        + "csv (NAME_cells.csv), omezarr (NAME_cp_masks.zarr); several between commas", Default = "tif", Group = "results", Basic = true)]
    public ResultKind[]? Format { get; init; }

    [Setting("As --format tif", Group = "results")]
    public bool SaveTif { get; init; }

    [Setting("As --format png", Group = "results")]
    public bool SavePng { get; init; }

    [Setting("As --format flows: the network's output planes", Group = "results")]
    public bool SaveFlows { get; init; }

    [Setting("As --format rois", Group = "results")]
    public bool SaveRois { get; init; }

    [Setting("As --format outlines", Group = "results")]
    public bool SaveTxt { get; init; }
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
    OmeZarr,
}
