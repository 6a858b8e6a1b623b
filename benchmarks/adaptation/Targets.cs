using System.Text.Json;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Study;

/// <summary>A target domain: unlabeled images to adapt on, labelled ones to judge on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Adaptation">Images to adapt on.</param>
/// <param name="Judged">Other images, with masks that only the AP column sees.</param>
/// <param name="Diameter">One diameter for the whole target, px, as a user would measure it.</param>
/// <param name="Invert">Dark objects on a bright ground.</param>
/// <param name="Channels">Which channels are segmented.</param>
internal sealed record Target(
    string Name, IReadOnlyList<NamedImage> Adaptation, IReadOnlyList<LabelledImage> Judged, double Diameter,
    bool Invert = false, ChannelPair Channels = default);

/// <summary>The targets, made from the data that lies beside the checkout.</summary>
internal static class Targets
{
    private const int FluorescenceSide = 256;
    private const int Unlabeled = 45;
    private const int LabelledCount = 10;
    private const int MostOfSize = 16;

    /// <summary>Styles of Cellpose's data that the cells source is trained on.</summary>
    private static readonly string[] KnownStyles = ["Kc167", "macrophagocyte", "style2", "cytomembrane"];

    private static readonly Dictionary<string, (int Images, Degradation Degradation)> Fluorescence = new()
    {
        ["clean"] = (0, new()),
        ["noise"] = (0, new() { Blur = 1, Noise = 1.5 }),
        ["dim-background"] = (0, new() { Blur = 2, Noise = 0.3, Background = 2 }),
        ["rings"] = (0, new() { Ring = 1.5, Blur = 0.7, Noise = 0.2 }),
        ["coarse"] = (0, new() { Coarsening = 3, Noise = 0.3 }),
        ["blur-noise"] = (3, new() { Blur = 3, Noise = 0.6 }),
        ["shot-noise"] = (3, new() { Blur = 1, Background = 0.3, Photons = 12, Noise = 0.5 }),
        ["low-gamma"] = (3, new() { Blur = 2, Noise = 0.2, Gamma = 0.4 }),
        ["few-levels"] = (3, new() { Blur = 2, Background = 1, Noise = 0.4, Levels = 12 }),
    };

    /// <summary>Targets that choices are made on.</summary>
    public static readonly string[] Choosing = ["noise", "dim-background", "rings", "coarse", "histology"];

    /// <summary>Targets that choices are confirmed on.</summary>
    public static readonly string[] Confirming = ["blur-noise", "shot-noise", "low-gamma", "few-levels", "cytology"];

    /// <summary>Targets for the source trained on cells: known styles with noise, other styles, phase contrast.</summary>
    public static readonly string[] Cells = ["cells-noise", "other-cells", "livecell"];

    /// <summary>Images of other laboratories, as they are.</summary>
    public static readonly string[] Real =
        ["mouse", "t98g", "livecell", "histology", "cytology", "other-cells", "fluo-large", "fluo-wide", "mito-grainy"];

    /// <summary>All of them.</summary>
    public static IEnumerable<string> Names => [.. Choosing, .. Confirming, .. Cells, .. Real, "clean"];

    /// <summary>Loads a target.</summary>
    /// <param name="name">
    /// One of <see cref="Names"/>, or a folder in the folder "targets" beside the checkout, with the parts adapt, judge and
    /// labels_judge (NAME_masks.png) and an empty file "invert" where objects are dark.
    /// </param>
    /// <param name="data">The folder that holds dsb2018, livecell and cellpose_cyto.</param>
    public static Target Load(string name, string data) => name switch
    {
        "histology" => Bright(name, data, 256),
        "cytology" => Bright(name, data, 1024),
        "livecell" => LiveCell(name, data),
        "mouse" => Folder(name, Path.Combine(data, "mouse_nuclei")),
        "t98g" => Split(name, data, "t98g_phase"),
        "mito-grainy" => Split(name, data, "em_mito_neuropil"),
        "fluo-large" => OfSize(name, data, 360),
        "fluo-wide" => OfSize(name, data, 520),
        "cells-noise" => Styles(name, data, true, new() { Noise = 1 }),
        "other-cells" => Styles(name, data, false, new()),
        _ when Fluorescence.TryGetValue(name, out (int Images, Degradation Degradation) recipe) =>
            Degraded(name, data, recipe.Images, recipe.Degradation),
        _ when Directory.Exists(Outside(name, data)) => Folder(name, Outside(name, data)),
        _ => throw new ArgumentException($"There is no target '{name}'; there are {string.Join(", ", Names)}."),
    };

    /// <summary>The labelled images that the cells source is trained on: the first three of each known style.</summary>
    public static IReadOnlyList<LabelledImage> CellsToTrainOn(string data) =>
        [.. StyleNames(data, true).Where((_, i) => i % 5 < 3).Select(n => ReadLabelled(data, "cellpose_cyto", n))];

    /// <summary>LIVECell's images that have masks.</summary>
    public static IReadOnlyList<LabelledImage> LiveCellLabelled(string data)
    {
        string folder = Path.Combine(data, "livecell", "annotated");
        return WithMasks(folder, folder);
    }

    /// <summary>The labelled images of one split of a set that has an index.</summary>
    public static IReadOnlyList<LabelledImage> Labelled(string set, string split, string data)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, set, "index.json")));
        return [.. index.RootElement.EnumerateArray().Where(e => Text(e, "split") == split)
            .Select(e => ReadLabelled(data, set, Text(e, "name")))];
    }

    /// <summary>Small fluorescence images of small nuclei.</summary>
    public static IReadOnlyList<LabelledImage> SmallFluorescence(string data) =>
    [
        .. Index(data, "fluo").Where(e => Text(e, "split") == "train" && Number(e, "height") == FluorescenceSide)
            .Select(e => ReadLabelled(data, Path.Combine("dsb2018", "fluo"), Text(e, "name")))
    ];

    /// <summary>Stained tissue and smears, turned into bright objects on a dark ground.</summary>
    public static IReadOnlyList<LabelledImage> BrightInverted(string data) =>
    [
        .. Index(data, "other").Where(e => Text(e, "split") == "train")
            .Select(e => ReadLabelled(data, Path.Combine("dsb2018", "other"), Text(e, "name")))
            .Select(i => i with
            {
                Image = new Image(
                    i.Image.Channels, i.Image.Height, i.Image.Width, [.. i.Image.Pixels.Select(v => 255 - v)]),
            })
    ];

    /// <summary>Small fluorescence images, blurred and with more noise than signal.</summary>
    public static IReadOnlyList<LabelledImage> NoisyFluorescence(string data)
    {
        Degradation degradation = new() { Blur = 1.5, Noise = 1.2 };
        return [.. SmallFluorescence(data).Select((l, i) => l with
        {
            Image = degradation.Apply(l.Image, null, (ulong)(2000 + i)),
        })];
    }

    /// <summary>Nuclei of mice, other images than those of the target.</summary>
    public static IReadOnlyList<LabelledImage> MouseLabelled(string data)
    {
        string folder = Path.Combine(data, "mouse_nuclei");
        return WithMasks(Path.Combine(folder, "adapt"), Path.Combine(folder, "labels_adapt"));
    }

    private static Target Degraded(string name, string data, int start, Degradation degradation)
    {
        IReadOnlyList<JsonElement> index = Index(data, "fluo");
        string[] Stems(string split, int step) =>
        [
            .. index.Where(e => Text(e, "split") == split && Number(e, "height") == FluorescenceSide
                && Number(e, "width") == FluorescenceSide && Number(e, "objects") >= 5)
                .Select(e => Text(e, "name")).Where((_, i) => i % step == start % step)
        ];
        LabelledImage Read(string stem, ulong key)
        {
            LabelledImage clean = ReadLabelled(data, Path.Combine("dsb2018", "fluo"), stem);
            return new LabelledImage(
                degradation.Apply(clean.Image, clean.Masks, key), degradation.Apply(clean.Masks), stem);
        }

        LabelledImage[] judged = [.. Stems("test", 5).Take(LabelledCount).Select((s, i) => Read(s, (ulong)(1000 + i)))];
        return new Target(
            name,
            [.. Stems("train", 6).Take(Unlabeled).Select((s, i) => new NamedImage(s, s, Read(s, (ulong)i).Image))],
            judged, DiameterOf(judged));
    }

    /// <summary>Dark nuclei in bright light: stained tissue (256 px) or smears (1024 px).</summary>
    private static Target Bright(string name, string data, int height)
    {
        string folder = Path.Combine("dsb2018", "other");
        LabelledImage[] Read(string split) =>
        [
            .. Index(data, "other").Where(e => Text(e, "split") == split && Number(e, "height") == height)
                .Select(e => ReadLabelled(data, folder, Text(e, "name")))
        ];
        LabelledImage[] judged = Read("test");
        return new Target(
            name, [.. Read("train").Select(i => new NamedImage(i.Name, i.Name, i.Image))], judged,
            DiameterOf(judged), true);
    }

    private static Target LiveCell(string name, string data)
    {
        IReadOnlyList<LabelledImage> judged = LiveCellLabelled(data);
        return new Target(
            name, ImageFolder.Load(Path.Combine(data, "livecell", "unlabeled")).Images, judged, DiameterOf(judged));
    }

    private static Target Folder(string name, string folder)
    {
        IReadOnlyList<LabelledImage> judged = WithMasks(Path.Combine(folder, "judge"), Path.Combine(folder, "labels_judge"));
        return new Target(
            name, ImageFolder.Load(Path.Combine(folder, "adapt")).Images, judged, DiameterOf(judged),
            File.Exists(Path.Combine(folder, "invert")));
    }

    private static string Outside(string name, string data) => Path.Combine(data, "..", "..", "targets", name);

    /// <summary>A set whose index says which image serves which end.</summary>
    private static Target Split(string name, string data, string set)
    {
        IReadOnlyList<LabelledImage> judged = Labelled(set, "judge", data);
        return new Target(
            name, [.. Labelled(set, "adapt", data).Select(i => new NamedImage(i.Name, i.Name, i.Image))], judged,
            DiameterOf(judged));
    }

    /// <summary>Fluorescence images of one height, and so of one laboratory and magnification.</summary>
    private static Target OfSize(string name, string data, int height)
    {
        LabelledImage[] Read(string split, int most) =>
        [
            .. Index(data, "fluo").Where(e => Text(e, "split") == split && Number(e, "height") == height).Take(most)
                .Select(e => ReadLabelled(data, Path.Combine("dsb2018", "fluo"), Text(e, "name")))
        ];
        LabelledImage[] judged = Read("test", MostOfSize);
        return new Target(
            name, [.. Read("train", Unlabeled).Select(i => new NamedImage(i.Name, i.Name, i.Image))], judged,
            DiameterOf(judged));
    }

    private static IReadOnlyList<LabelledImage> WithMasks(string images, string masks) =>
    [
        .. ImageFolder.Load(images).Images.Select(i => new LabelledImage(
            i.Image, LabelFile.Read(Path.Combine(masks, Path.GetFileNameWithoutExtension(i.Path) + "_masks.png")), i.Name))
    ];

    /// <summary>Cellpose's own images: of known styles what the source did not train on, or all of the others.</summary>
    private static Target Styles(string name, string data, bool known, Degradation degradation)
    {
        LabelledImage Read(string stem, int key)
        {
            LabelledImage clean = ReadLabelled(data, "cellpose_cyto", stem);
            return clean with { Image = PerChannel(clean.Image, degradation, (ulong)key) };
        }

        LabelledImage[] all = [.. StyleNames(data, known).Select(Read)];
        LabelledImage[] judged = [.. all.Where((_, i) => i % 5 >= 3)];
        return new Target(
            name, [.. all.Where((_, i) => i % 5 < 3).Select(i => new NamedImage(i.Name, i.Name, i.Image))],
            judged, DiameterOf(judged), false, new ChannelPair(2, 1));
    }

    private static Image PerChannel(Image image, Degradation degradation, ulong key)
    {
        int plane = image.Height * image.Width;
        float[] pixels = new float[image.Channels * plane];
        for (int c = 0; c < image.Channels; c++)
        {
            Image one = new(1, image.Height, image.Width, image.Plane(c).ToArray());
            degradation.Apply(one, null, (key * 8) + (ulong)c).Pixels.CopyTo(pixels, c * plane);
        }

        return new Image(image.Channels, image.Height, image.Width, pixels);
    }

    private static IEnumerable<string> StyleNames(string data, bool known)
    {
        using JsonDocument index = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(data, "cellpose_cyto", "index.json")));
        return [.. index.RootElement.EnumerateArray().Select(e => Text(e, "name"))
            .Where(n => KnownStyles.Contains(n[..n.IndexOf('_')]) == known)];
    }

    private static LabelledImage ReadLabelled(string data, string folder, string stem) => new(
        ImageFile.Read(Path.Combine(data, folder, stem + "_img.png")),
        LabelFile.Read(Path.Combine(data, folder, stem + "_masks.png")), stem);

    private static IReadOnlyList<JsonElement> Index(string data, string folder)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "dsb2018", "index.json")));
        return [.. index.RootElement.EnumerateArray().Where(e => Text(e, "folder") == folder).Select(e => e.Clone())];
    }

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString()!;

    private static int Number(JsonElement entry, string name) => entry.GetProperty(name).GetInt32();

    private static double DiameterOf(IEnumerable<LabelledImage> images) =>
        CellGeometry.MedianDiameter(images.Select(i => i.Masks));
}
