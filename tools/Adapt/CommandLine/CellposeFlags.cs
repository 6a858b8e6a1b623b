using System.CommandLine;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>
/// The flags of Cellpose 3's command line that a verb has no option for: what stands for them here, or what happens
/// without them, in one line for the user. So a command line that was written for Cellpose can be tried as it is.
/// </summary>
internal static class CellposeFlags
{
    private const string ForThreeD = "is for 3-D flows, which are not built";

    private static readonly string[] Verbs = ["adapt", "segment", "train"];

    private static readonly Dictionary<string, Flag> All = new(StringComparer.Ordinal)
    {
        ["--verbose"] = new(0, "progress is always shown"),
        ["--Zstack"] = new(0, "there is no window here"),
        ["--use-gpu"] = new(0, "a GPU is used where there is one; --device cuda insists on it"),
        ["--gpu-device"] = new(1, "--device cuda:N chooses a GPU"),
        ["--check-mkl"] = new(0, "no MKL is used"),
        ["--look-one-level-down"] = new(0, "only the folder itself is read"),
        ["--img-filter"] = new(1, "only 'segment' chooses images by the end of their name"),
        ["--channel-axis"] = new(1, "a file's axes are those that it describes; 'inspect IMAGE' shows them"),
        ["--z-axis"] = new(1, "a file's axes are those that it describes; 'inspect IMAGE' shows them"),
        ["--all-channels"] = new(0, "a network with more than two input channels always gets all of an image's"),
        ["--restore-type"] = new(1, "images are not restored, but taken as they are"),
        ["--chan2-restore"] = new(0, "images are not restored, but taken as they are"),
        ["--add-model"] = new(1, "models are named by their file, nothing is copied"),
        ["--transformer"] = new(0, "the network is the one in the model's file"),
        ["--pretrained-model-ortho"] = new(1, ForThreeD),
        ["--no-interp"] = new(0, "flows are always interpolated"),
        ["--no-norm"] = new(0, null, "--normalize", "none"),
        ["--norm-percentile"] = new(2, "the 1st and 99th percentiles are taken whatever is given"),
        ["--stitch-threshold"] = new(1, "only 'segment' joins the planes of a stack"),
        ["--flow3D-smooth"] = new(1, ForThreeD),
        ["--anisotropy"] = new(1, ForThreeD),
        ["--output-name"] = new(1, "masks are called NAME_cp_masks"),
        ["--no-npy"] = new(0, "NAME_seg.npy is written with --format npy alone"),
        ["--dir-above"] = new(0, "--out says where results go"),
        ["--in-folders"] = new(0, "results of all kinds go to one folder"),
        ["--save-outlines"] = new(0, "no pictures of outlines; --format outlines, rois or geojson writes them as data"),
        ["--save-mpl"] = new(0, "no figures; 'inspect' and the report show pictures"),
        ["--train"] = new(0, "that is what 'train' does"),
        ["--train-size"] = new(0, "there is no network for sizes"),
        ["--file-list"] = new(1, "--list and --test-list choose images by name"),
        ["--nimg-test-per-epoch"] = new(1, "every test image is used"),
        ["--SGD"] = new(1, "AdamW is the optimiser"),
        ["--save-each"] = new(0, "what --save-every keeps is called by its epoch"),
        ["--model-name-out"] = new(1, "the model is called model.onnx"),
    };

    // A verb that trains nothing has no use for these, and one that segments nothing has none for its options.
    private static readonly string[] SwitchesOfOtherVerbs =
    [
        "--no-resample", "--invert", "--exclude-on-edges", "--augment", "--save-png", "--save-tif", "--save-flows",
        "--save-rois", "--save-txt",
    ];

    private static readonly string[] OptionsOfOtherVerbs =
    [
        "--test-dir", "--mask-filter", "--diam-mean", "--learning-rate", "--weight-decay", "--n-epochs", "--batch-size",
        "--nimg-per-epoch", "--min-train-masks", "--diameter", "--min-size", "--flow-threshold", "--cellprob-threshold",
        "--niter", "--image-path", "--save-every",
    ];

    /// <summary>Puts options of a verb into the place of Cellpose's flags, and takes out those without one.</summary>
    /// <param name="words">The command line, its verb first, names with hyphens.</param>
    /// <param name="verb">The verb.</param>
    /// <param name="notes">Receives a line for each flag that was taken out.</param>
    /// <returns>The very same words where none had to change.</returns>
    /// <exception cref="SelfAdaptException">InvalidOption: 3-D flows are asked for.</exception>
    public static IReadOnlyList<string> Translate(
        IReadOnlyList<string> words, Command verb, ICollection<string> notes)
    {
        if (!Verbs.Contains(verb.Name))
        {
            return words;
        }

        HashSet<string> own = [.. verb.Options.SelectMany(o => o.Aliases.Prepend(o.Name))];
        List<string> translated = [];
        for (int i = 0; i < words.Count; i++)
        {
            string[] parts = words[i].Split('=', 2);
            string name = parts[0];
            if (own.Contains(name) || Find(name, verb.Name) is not { } flag)
            {
                translated.Add(words[i]);
                continue;
            }

            i += flag.Values - (parts.Length - 1);
            translated.AddRange(flag.Becomes);
            if (flag.Happens is not null)
            {
                notes.Add($"{name}: {flag.Happens}.");
            }
        }

        return translated.SequenceEqual(words) ? words : translated;
    }

    private static Flag? Find(string name, string verb) => name switch
    {
        "--do-3D" when verb == "segment" => throw new SelfAdaptException(
            ErrorKind.InvalidOption,
            "--do-3D: flows in three dimensions are not built. --stitch-threshold 0.5 joins the masks of a stack's planes."),
        "--do-3D" => new Flag(0, "the planes of a stack are images of their own"),
        _ when All.TryGetValue(name, out Flag? flag) => flag,
        _ when SwitchesOfOtherVerbs.Contains(name) => new Flag(0, $"'{verb}' has no use for it"),
        _ when OptionsOfOtherVerbs.Contains(name) => new Flag(1, $"'{verb}' has no use for it"),
        _ => null,
    };

    /// <summary>One flag.</summary>
    /// <param name="Values">Words behind it.</param>
    /// <param name="Happens">What happens without it; null where options stand for it.</param>
    /// <param name="Becomes">The options that stand for it.</param>
    private sealed record Flag(int Values, string? Happens, params string[] Becomes);
}
