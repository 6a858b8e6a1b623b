namespace SelfAdapt.Models.Cellpose;

/// <summary>
/// What a state-dict entry is, and so how it starts when a network is trained from scratch.
/// </summary>
internal enum CellposeEntryKind
{
    Diameter,
    Zero,
    One,
    BatchCount,

    /// <summary>Weight or bias of a convolution or linear layer: uniform within 1/sqrt(fan_in).</summary>
    Uniform,
}

/// <summary>One entry of the state dict.</summary>
/// <param name="FanIn">Inputs per output of its layer; 0 outside of layers.</param>
internal sealed record CellposeEntry(string Key, long[] Shape, CellposeEntryKind Kind, long FanIn = 0)
{
    /// <summary>True if a file may lack it: loading tolerates that (docs/cellpose.md 2.3).</summary>
    public bool Optional => Kind is CellposeEntryKind.Diameter or CellposeEntryKind.BatchCount;
}

/// <summary>
/// The state dict of Cellpose's network for given widths, in order (docs/cellpose.md 2).
/// </summary>
/// <param name="InputChannels">Channels of the image.</param>
/// <param name="Widths">Channels of each encoder level, from full resolution down.</param>
/// <param name="OutputChannels">Channels of the output.</param>
internal sealed record CellposeLayout(long InputChannels, IReadOnlyList<long> Widths, long OutputChannels)
{
    public const string DiamMean = "diam_mean";
    public const string DiamLabels = "diam_labels";
    public const string Head = "output";

    /// <summary>Length of the style vector.</summary>
    public long StyleLength => Widths[^1];

    public int Levels => Widths.Count;

    public static string Down(int level) => $"downsample.down.res_down_{level}";

    public static string Up(int level) => $"upsample.up.res_up_{level}";

    /// <summary>
    /// Channels that enter a decoder block: those of the level below, the deepest level's own at the bottom.
    /// </summary>
    public long UpInput(int level) => Widths[System.Math.Min(level + 1, Levels - 1)];

    public IEnumerable<CellposeEntry> Entries()
    {
        yield return new CellposeEntry(DiamMean, [1], CellposeEntryKind.Diameter);
        yield return new CellposeEntry(DiamLabels, [1], CellposeEntryKind.Diameter);
        IEnumerable<CellposeEntry> network = Enumerable.Range(0, Levels).SelectMany(DownEntries)
            .Concat(Enumerable.Range(0, Levels).SelectMany(UpEntries))
            .Concat(BatchNormConv(Head, 2, Widths[0], OutputChannels, 1));
        foreach (CellposeEntry entry in network)
        {
            yield return entry;
        }
    }

    private static IEnumerable<CellposeEntry> BatchNormConv(
        string block, int convIndex, long input, long output, long kernel)
    {
        yield return new CellposeEntry($"{block}.0.weight", [input], CellposeEntryKind.One);
        yield return new CellposeEntry($"{block}.0.bias", [input], CellposeEntryKind.Zero);
        yield return new CellposeEntry($"{block}.0.running_mean", [input], CellposeEntryKind.Zero);
        yield return new CellposeEntry($"{block}.0.running_var", [input], CellposeEntryKind.One);
        yield return new CellposeEntry($"{block}.0.num_batches_tracked", [], CellposeEntryKind.BatchCount);
        long fanIn = input * kernel * kernel;
        string conv = $"{block}.{convIndex}";
        yield return new CellposeEntry(
            $"{conv}.weight", [output, input, kernel, kernel], CellposeEntryKind.Uniform, fanIn);
        yield return new CellposeEntry($"{conv}.bias", [output], CellposeEntryKind.Uniform, fanIn);
    }

    private IEnumerable<CellposeEntry> DownEntries(int level)
    {
        long input = level == 0 ? InputChannels : Widths[level - 1];
        long output = Widths[level];
        string block = Down(level);
        return BatchNormConv($"{block}.conv.conv_0", 2, input, output, 3)
            .Concat(Enumerable.Range(1, 3)
                .SelectMany(i => BatchNormConv($"{block}.conv.conv_{i}", 2, output, output, 3)))
            .Concat(BatchNormConv($"{block}.proj", 1, input, output, 1));
    }

    private IEnumerable<CellposeEntry> UpEntries(int level)
    {
        long output = Widths[level];
        string block = Up(level);
        return BatchNormConv($"{block}.conv.conv_0", 2, UpInput(level), output, 3)
            .Concat(Enumerable.Range(1, 3).SelectMany(i => StyleEntries($"{block}.conv.conv_{i}", output)))
            .Concat(BatchNormConv($"{block}.proj", 1, UpInput(level), output, 1));
    }

    private IEnumerable<CellposeEntry> StyleEntries(string block, long channels) =>
        BatchNormConv($"{block}.conv", 2, channels, channels, 3)
            .Append(new CellposeEntry(
                $"{block}.full.weight", [channels, StyleLength], CellposeEntryKind.Uniform, StyleLength))
            .Append(new CellposeEntry(
                $"{block}.full.bias", [channels], CellposeEntryKind.Uniform, StyleLength));
}
