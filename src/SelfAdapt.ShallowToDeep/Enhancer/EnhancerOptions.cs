using SelfAdapt.Adaptation.Foreground;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>How a Prediction Enhancer is trained.</summary>
internal sealed record EnhancerOptions : ForegroundTrainingOptions
{
    [Setting(0, 1, "Most standard deviation of the noise on the maps", Group = "training")]
    public double Noise { get; init; } = 0.1;

    [Setting(1, 10_000_000, "Steps between looks at held-out forests; the best weights are kept", Group = "training")]
    public int ValidateEvery { get; init; } = 100;

    [Setting(1, 100_000, "Forests whose maps are repaired, each from a patch of its own", Group = "forest")]
    public int Forests { get; init; } = 200;

    [Setting(1, 1000, "Trees of each of these forests", Group = "forest")]
    public int Trees { get; init; } = 50;

    [Setting(16, 100_000, "Shortest side of a forest's patch", Unit = "px", Group = "forest")]
    public int PatchMin { get; init; } = 100;

    [Setting(16, 100_000, "Longest side of a forest's patch", Unit = "px", Group = "forest")]
    public int PatchMax { get; init; } = 600;

    [Setting(2, 10_000_000, "Fewest pixels that such a forest learns from, half of them objects", Unit = "px",
        Group = "forest")]
    public int PatchPixelsMin { get; init; } = 200;

    [Setting(2, 10_000_000, "Most pixels that such a forest learns from, half of them objects", Unit = "px",
        Group = "forest")]
    public int PatchPixels { get; init; } = 10_000;

    [Setting(1, 100, "Kinds of forests: of those that learnt from a patch once, twice, ..., each time with the 25 px tiles added where "
        + "the one before erred most", Group = "forest")]
    public int Stages { get; init; } = 1;

    [Setting(0, 1, "Share of the maps that show the very image that their forest learnt from; 0 for sources whose images "
        + "are alike", Group = "forest")]
    public double OwnImage { get; init; } = 0.75;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Settings.CheckOrder(nameof(PatchMin), PatchMin, nameof(PatchMax), PatchMax);
        Settings.CheckOrder(nameof(PatchPixelsMin), PatchPixelsMin, nameof(PatchPixels), PatchPixels);
    }
}
