namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>How a forest is grown.</summary>
internal sealed record ForestOptions
{
    [Setting(1, 1000, "Trees of the forest", Group = "forest")]
    public int Trees { get; init; } = 100;

    [Setting(1, 1_000_000, "Fewest pixels in a leaf", Unit = "px", Group = "forest")]
    public int LeafSize { get; init; } = 1;

    [Setting(0, int.MaxValue, "Seed of all random numbers", Group = "forest")]
    public int Seed { get; init; }
}
