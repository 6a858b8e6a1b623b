using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;

namespace SelfAdapt.Tool.Runs;

/// <summary>What may be wrong with a run before anything is learnt, in sentences with what to do about it.</summary>
internal static class SourceAdvice
{
    private const double Dark = 0.25;
    private const double Bright = 0.65;
    private const double Coloured = 0.1;

    /// <summary>All findings of a run.</summary>
    /// <param name="source">The source network's signals.</param>
    /// <param name="heldOut">How many images it was measured on.</param>
    public static IReadOnlyList<SourceNote> Notes(AdaptationJob job, LabelFreeSignals source, int heldOut) =>
    [
        .. SourceCheck.OfSignals(source, heldOut, job.Segmentation.Diameter),
        .. SourceCheck.OfImages(job.Images, job.Kinds, job.Segmentation.Channels, job.Network.InputChannels),
    ];

    /// <summary>The same for the console, and for the report.</summary>
    public static IReadOnlyList<string> Sentences(IEnumerable<SourceNote> notes, AdaptationJob job) =>
        [.. notes.Select(n => Sentence(n, job))];

    /// <summary>The same for scripts.</summary>
    public static JsonArray ToJson(IEnumerable<SourceNote> notes) => new([.. notes.Select(n => (JsonNode)new JsonObject
    {
        ["finding"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(n.Finding.ToString()),
        ["values"] = new JsonArray([.. n.Values.Select(v => (JsonNode)v)]),
    })]);

    /// <summary>The kinds of images in words: "40 with a dark background and 12 with a bright background in colour".</summary>
    public static string Describe(IReadOnlyList<ImageKind> kinds) =>
        string.Join(" and ", kinds.Select(k => $"{k.Members.Count} {Describe(k.Look)}"));

    /// <summary>What images of a kind look like.</summary>
    public static string Describe(ImageLook look) =>
        "with a " + (look.Background < Dark ? "dark" : look.Background > Bright ? "bright" : "gray") + " background"
        + (look.Colour > Coloured ? " in colour" : "");

    private static string Sentence(SourceNote note, AdaptationJob job)
    {
        IReadOnlyList<double> v = note.Values;
        return note.Finding switch
        {
            SourceFinding.NoCells => string.Create(
                CultureInfo.InvariantCulture,
                $"The model finds no cell at all in the {v[0]:0} image{Plural(v[0])} looked at. It learns from what it finds "
                + $"itself, so there is nothing to learn from. ") + LookAt(job),
            SourceFinding.HardlyAnyCells => string.Create(
                CultureInfo.InvariantCulture,
                $"The model finds only {v[0]:0} cell{Plural(v[0])} in the {v[1]:0} image{Plural(v[1])} looked at: every figure "
                + $"of this run rests on those. If there are more to see, something does not fit. ") + LookAt(job),
            SourceFinding.OtherSize => string.Create(
                CultureInfo.InvariantCulture,
                $"Objects of {v[0]:0.#} px were expected, the cells found are {v[1]:0.#} px. If that is what they measure, give "
                + $"--diameter {v[1]:0}; --diameter auto tries sizes on a few images."),
            SourceFinding.EmptyChannel => string.Create(
                CultureInfo.InvariantCulture,
                $"In {v[1]:0} of {v[2]:0} images {Channel(v[0])} is empty: every pixel has the same value. ")
                + "Choose another with --channels FIRST,SECOND, or take such images out.",
            SourceFinding.EmptyHelper => string.Create(
                CultureInfo.InvariantCulture,
                $"In {v[1]:0} of {v[2]:0} images the helper channel {v[0]:0} is empty: every pixel has the same value. ")
                + "--channels FIRST,0 does without one.",
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"These look like {Number(v.Count)} kinds of images: {Describe(job.Kinds)}. ")
                + "One model for all learns badly from such a mix; --groups auto gives each kind a model of its own.",
        };
    }

    private static string LookAt(AdaptationJob job) => (job.Segmentation.Diameter > 0
            ? Text($"Look at the size of the objects ({job.Segmentation.Diameter:0.#} px now: --diameter PX or auto), ")
            : "Look at ")
        + "the channel to segment (--channels), whether objects are dark on bright (--invert), "
        + "and whether this model was made for such images at all.";

    private static string Channel(double number) => number == 0 ? "the whole image" : Text($"the channel to segment ({number:0})");

    private static string Number(int count) => count switch
    {
        2 => "two",
        3 => "three",
        4 => "four",
        _ => Text($"{count}"),
    };

    private static string Plural(double count) => count == 1 ? "" : "s";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
