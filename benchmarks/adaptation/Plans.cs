using SelfAdapt.Adaptation;

namespace SelfAdapt.Study;

/// <summary>A set of runs with one file of results.</summary>
/// <param name="Name">Its name, and the file's.</param>
/// <param name="Options">Settings of every run.</param>
/// <param name="Runs">The runs.</param>
/// <param name="FindsSize">Whether a run finds the diameter on the target's images, as adapt does without --diameter; else it is the true one.</param>
internal sealed record Plan(string Name, AdaptationOptions Options, IReadOnlyList<StudyRun> Runs, bool FindsSize = false);

/// <summary>The study's plans.</summary>
internal static class Plans
{
    /// <summary>What adapt does by default, however long it takes.</summary>
    private static readonly AdaptationOptions Defaults = new() { Minutes = 0 };

    /// <summary>A schedule that two cores can afford many times over.</summary>
    private static readonly AdaptationOptions Short = Defaults with
    {
        Iterations = 60,
        EvalEvery = 15,
        MaxCheckedImages = 5,
        Patience = 0,
    };

    /// <summary>Options measured alone.</summary>
    private static readonly string[] Alone =
    [
        "",
        "LearningRate=0",
        "LearningRate=2e-4",
        "LearningRate=1e-5",
        "UseStrongAugmentation=false",
        "SoftLabels=true",
        "Strong.BrightnessMin=0.6 Strong.BrightnessMax=1.4 Strong.ContrastMin=0.6 Strong.ContrastMax=1.4",
        "Ema=0.9",
        "BatchSize=8",
        "Strong.Noise=0.5",
        "NormMomentum=0.2",
        "UseConfidenceFilter=false",
        "UseViewAveraging=false",
        "NormUpdate=Strong",
        "StudentNorm=Stored",
        "TeacherNorm=Source",
        "Layers=Norm",
        "Layers=Shallow",
        "LambdaL2Sp=0.01",
        "EmaEvery=10",
        "AverageProbabilities=true",
        "LambdaBal=2",
    ];

    /// <summary>The paper's Table 2: the whole method, then without each part.</summary>
    private static readonly string[] Ablated =
    [
        "",
        "UseConfidenceFilter=false",
        "UseViewAveraging=false",
        "UseL2Sp=false",
        "UseStrongAugmentation=false",
    ];

    private static readonly string[] AblationTargets = ["mouse", "noise"];

    /// <summary>Runs whose whole course is wanted, at a rate that never falls.</summary>
    public static Plan Long { get; } = new(
        "long", new AdaptationOptions { Iterations = 1_000_000 },
        [.. new[] { 0, 1, 2 }.SelectMany(s => LongPairs.Select(p => new StudyRun(p.Source, p.Target, "", s)))]);

    private static (string Source, string Target)[] LongPairs =>
    [
        ("nuclei_small", "mouse"), ("nuclei_small", "histology"), ("nuclei_small", "nuclei_3t3"),
        ("nuclei_small", "nuclei_hela_h2b"), ("cells_small", "other-cells"), ("nuclei_small", "nuclei_gowt1"),
        ("nuclei_small", "nuclei_u2os"), ("nuclei_small", "nuclei_he_gbm"), ("nuclei_small", "tcells_if_tissue"),
        ("nuclei_small", "noise"), ("nuclei_small", "cytology"), ("mito_small", "mito-grainy"),
        ("nuclei_small", "dim-background"), ("livecell_small", "t98g"), ("nuclei_small", "coarse"), ("nuclei_small", "rings"),
        ("t98g_small", "livecell"), ("nuclei_small", "few-levels"), ("nuclei_small", "nuclei_fibro_fluo"),
        ("nuclei_dsb", "mouse"), ("nuclei_dsb", "nuclei_3t3"), ("nuclei_dsb", "nuclei_he_gbm"),
        ("fluo256_small", "fluo-large"), ("fluo256_small", "fluo-wide"), .. StarDist,
    ];

    private static readonly int[] Seeds = [0, 1, 2];

    /// <summary>The plans whose runs are pairs of a source and a target, as adapt does them.</summary>
    public static readonly string[] Pairs = ["real", "synthetic"];

    /// <summary>Images of other laboratories, microscopes and kinds of cells, as they are.</summary>
    private static readonly (string Source, string Target)[] Real =
    [
        ("nuclei_small", "mouse"), ("nuclei_small", "nuclei_3t3"), ("nuclei_small", "nuclei_he_gbm"),
        ("nuclei_small", "nuclei_gowt1"), ("nuclei_small", "nuclei_hela_h2b"), ("nuclei_small", "nuclei_u2os"),
        ("nuclei_small", "tcells_if_tissue"), ("nuclei_small", "nuclei_hepg2_huh7"), ("nuclei_small", "histology"),
        ("nuclei_small", "cytology"), (Sources.Cells, "other-cells"), ("livecell_small", "t98g"), ("t98g_small", "livecell"),
        ("mito_small", "mito-grainy"), ("nuclei_dsb", "mouse"), ("nuclei_dsb", "nuclei_3t3"), ("nuclei_dsb", "nuclei_he_gbm"),
    ];

    private static readonly (string Source, string Target)[] Synthetic =
    [
        .. new[] { "noise", "dim-background", "rings", "coarse", "blur-noise", "shot-noise", "low-gamma", "few-levels", "clean" }
            .Select(t => ("nuclei_small", t)),
        (Sources.Cells, "cells-noise"), ("nuclei_dsb", "noise"), ("nuclei_dsb", "rings"), ("nuclei_dsb", "few-levels"),
    ];

    /// <summary>Recipes beside the default, each alone, on real targets where that learns nothing.</summary>
    private static readonly string[] Recipes = ["StudentNorm=Stored NormUpdate=None", "UseStrongAugmentation=false"];

    private static readonly (string Source, string Target)[] Stuck =
    [
        ("nuclei_small", "nuclei_hela_h2b"), ("nuclei_small", "nuclei_3t3"), ("nuclei_small", "histology"), (Sources.Cells, "other-cells"),
        ("nuclei_small", "nuclei_u2os"), ("nuclei_small", "mouse"),
    ];

    private static (string Source, string Target)[] StarDist =>
    [
        .. new[] { "noise", "mouse", "nuclei_gowt1", "rings", "few-levels", "nuclei_hela_h2b", "shot-noise", "nuclei_fibro_fluo" }
            .Select(t => (Sources.StarDist, t)),
    ];

    /// <summary>All plans, in the order in which they make sense.</summary>
    public static IReadOnlyList<Plan> All { get; } =
    [
        new("real", Defaults, OverSeeds(Real)),
        new("synthetic", Defaults, OverSeeds(Synthetic)),
        new("found-size", Defaults, [.. Real.Concat(Synthetic).Select(p => new StudyRun(p.Source, p.Target, "", 0))], FindsSize: true),
        new("recipes", Defaults, [.. Recipes.SelectMany(o => Stuck.Select(p => new StudyRun(p.Source, p.Target, o, 0)))]),
        new("stardist", Defaults, OverSeeds(StarDist)),
        new("options", Short,
            [.. Alone.SelectMany(o => Targets.Choosing.Select(t => new StudyRun("nuclei_small", t, o, 0)))]),
        new("ablations", Defaults with { Iterations = 2000, Stop = StopRule.None },
            [.. AblationTargets.SelectMany(t => Ablated.Select(o => new StudyRun("nuclei_small", t, o, 0)))]),
    ];

    /// <summary>A plan by name, or null.</summary>
    public static Plan? Find(string name) => All.FirstOrDefault(p => p.Name == name);

    private static StudyRun[] OverSeeds((string Source, string Target)[] pairs) =>
        [.. Seeds.SelectMany(s => pairs.Select(p => new StudyRun(p.Source, p.Target, "", s)))];
}
