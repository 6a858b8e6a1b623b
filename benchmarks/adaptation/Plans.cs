using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Study;

/// <summary>A set of runs with one file of results.</summary>
/// <param name="Name">Its name, and the file's.</param>
/// <param name="Options">Settings of every run.</param>
/// <param name="Runs">The runs.</param>
internal sealed record Plan(string Name, AdaptationOptions Options, IReadOnlyList<StudyRun> Runs);

/// <summary>The study's plans.</summary>
internal static class Plans
{
    /// <summary>A schedule that two cores can afford many times over.</summary>
    private static readonly AdaptationOptions Short = new()
    {
        Iterations = 60,
        BatchSize = 4,
        Crop = 128,
        LearningRate = 5e-5,
        Warmup = 10,
        EvalEvery = 15,
        ValidationFraction = 0.11,
        Stop = StopRule.None,
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
        "UseConfidenceFilter=false",
        "Strong.Noise=0.5",
        "Strong.BrightnessMin=0.6 Strong.BrightnessMax=1.4 Strong.ContrastMin=0.6 Strong.ContrastMax=1.4",
        "Ema=0.9",
        "NormUpdate=Strong",
        "LambdaBal=2",
        "UseViewAveraging=false",
        "NormMomentum=0.2",
    ];

    private static readonly string[] Ideas =
    [
        "InstanceLabels=true",
        "Layers=Norm",
        "Layers=Encoder",
        "Layers=Shallow",
        "ClipNorm=1",
        "InstanceLabels=true UseConfidenceFilter=false",
        "Layers=Norm LearningRate=1e-3",
    ];

    private static readonly Plan[] All =
    [
        new("starts", Short with { Iterations = 1, Warmup = 0, LearningRate = 0 },
            [.. Targets.Choosing.Concat(Targets.Confirming).Append("clean")
                .SelectMany(t => Sources.Nuclei.Select(s => new StudyRun(s, t, "", 0))),
             .. Targets.Cells.Select(t => new StudyRun(Sources.Cells, t, "", 0))]),
        new("options", Short,
            [.. Alone.SelectMany(o => Targets.Choosing.Select(t => new StudyRun("nuclei_small", t, o, 0)))]),
        new("ideas", Short,
            [.. Ideas.SelectMany(o => Targets.Choosing.Select(t => new StudyRun("nuclei_small", t, o, 0)))]),
    ];

    /// <summary>The plans' names.</summary>
    public static string Names => string.Join(", ", All.Select(p => p.Name));

    /// <summary>A plan by name, or null.</summary>
    public static Plan? Find(string name) => All.FirstOrDefault(p => p.Name == name);
}
