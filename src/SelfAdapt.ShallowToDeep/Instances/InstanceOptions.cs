namespace SelfAdapt.ShallowToDeep.Instances;

/// <summary>How instances are cut from a foreground map.</summary>
internal sealed record InstanceOptions
{
    [Setting(0, 1, "A pixel is object where its probability is above this", Group = "masks", Basic = true)]
    public double Threshold { get; init; } = 0.5;

    [Setting(0, 1000, "Touching objects are parted where they are narrower than their middles by this; 0 parts none",
        Unit = "px", Group = "masks")]
    public double Depth { get; init; } = 1;

    [Setting(0, int.MaxValue, "Smaller masks are removed", Unit = "px", Group = "masks")]
    public int MinSize { get; init; } = 15;
}
