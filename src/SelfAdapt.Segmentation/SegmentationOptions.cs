namespace SelfAdapt.Segmentation;

/// <summary>How intensities are brought to the range a network expects.</summary>
public enum IntensityNormalization
{
    /// <summary>Intensities stay as they are.</summary>
    None,

    /// <summary>Each channel's 1st percentile becomes 0 and its 99th 1, without clipping (Cellpose).</summary>
    Percentile,

    /// <summary>Each channel gets mean 0 and variance 1 (many BioImage.IO networks).</summary>
    ZeroMeanUnitVariance,
}

/// <summary>Which channels of an image a two-channel network sees, in Cellpose's vocabulary.</summary>
/// <param name="First">Channel to segment: 0 = mean of all channels, otherwise the 1-based channel.</param>
/// <param name="Second">Helper channel (nuclei): 0 = none (zeros), otherwise the 1-based channel.</param>
public readonly record struct ChannelPair(
    [property: Setting(0, 65_535)] int First, [property: Setting(0, 65_535)] int Second);

/// <summary>
/// Everything that decides how an image becomes masks; the defaults are those of Cellpose 3.1
/// (docs/cellpose.md 3 and 4).
/// </summary>
public sealed record SegmentationOptions
{
    /// <summary>Mean object diameter in the image, px; 0 means the image is already at network scale.</summary>
    [Setting(0, 10_000)]
    public double Diameter { get; init; }

    /// <summary>Diameter the network was trained at, px (30, or 17 for nuclei models).</summary>
    [Setting(1, 10_000, "Diameter that the network was trained at",
        Unit = "px", Group = "masks", Default = "from the model file, else 30")]
    public double DiamMean { get; init; } = 30;

    /// <summary>Channels that the network sees.</summary>
    [Setting("Channel to segment (0: mean of all) and helper channel such as nuclei (0: none)",
        Group = "masks", Basic = true, Default = "0,0")]
    public ChannelPair Channels { get; init; }

    /// <summary>How intensities are normalised.</summary>
    [Setting("How intensities are normalised, per channel", Default = "as the model tells, else percentile", Group = "masks")]
    public IntensityNormalization Normalization { get; init; } = IntensityNormalization.Percentile;

    /// <summary>Replaces each normalised channel x by 1 - x: dark objects on a bright ground.</summary>
    [Setting(
        "Dark objects on a bright ground, for a model of bright ones: invert the normalised image", Group = "masks",
        Default = "found on images whose ground is not dark")]
    public bool Invert { get; init; }

    /// <summary>
    /// The power of intensities that the network sees, of what is above 0: below 1, what is dim is raised. Null: the one that it
    /// was made for, or in adaptation the one that is found.
    /// </summary>
    [Setting(0.1, 10)]
    public double? Gamma { get; init; }

    /// <summary>Largest flow error that a mask may have; 0 or less keeps every mask.</summary>
    [Setting("Largest flow error of a mask; 0 keeps all", Group = "masks", Basic = true)]
    public double FlowThreshold { get; init; } = 0.4;

    /// <summary>A pixel belongs to a cell when its logit is above this.</summary>
    [Setting("A pixel is cell where its logit is above this", Group = "masks", Basic = true)]
    public double CellprobThreshold { get; init; }

    /// <summary>Share of the smaller of two polygons that may lie in the other; of two that share more, the likelier one stays.</summary>
    [Setting(0, 1, "A network with rays: share of the smaller of two objects that may lie in the other", Group = "masks")]
    public double NmsThreshold { get; init; } = 0.4;

    /// <summary>Masks with fewer pixels are removed; 0 or less keeps all.</summary>
    [Setting("Smaller masks are removed", Unit = "pixels", Group = "masks")]
    public int MinSize { get; init; } = 15;

    /// <summary>Steps along the flow; 0 = 200 / rescale (200 when <see cref="Resample"/> is off).</summary>
    [Setting(0, 1_000_000, "Steps along the flow; 0: by the diameter", Group = "masks")]
    public int Niter { get; init; }

    /// <summary>Runs overlapping tiles flipped four ways and averages them.</summary>
    [Setting("Average over flipped, overlapping tiles", Group = "masks")]
    public bool Augment { get; init; }

    /// <summary>Builds the masks at the image's size (true) or at network scale, enlarged afterwards.</summary>
    [Setting("Build masks at the network's scale: faster, coarser outlines", Group = "masks")]
    public bool Resample { get; init; } = true;

    /// <summary>Tiles per network call.</summary>
    [Setting(1, 4096, "Tiles per network call", Group = "engine")]
    public int BatchSize { get; init; } = 8;

    /// <summary>
    /// Threads that prepare images and build masks, 0 = one per processor; results do not depend on it. The
    /// network's threads are its engine's matter.
    /// </summary>
    [Setting(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Least overlap of neighbouring tiles, as a fraction; used within 0.05 to 0.5.</summary>
    [Setting]
    public double TileOverlap { get; init; } = 0.1;

    /// <summary>Flow masks that cover more than this fraction of the image are removed.</summary>
    [Setting(1e-9, double.PositiveInfinity)]
    public double MaxSizeFraction { get; init; } = 0.4;

    /// <summary>Removes masks that touch the image border.</summary>
    [Setting("Remove masks that touch the image border", Group = "masks")]
    public bool ExcludeOnEdges { get; init; }

    /// <summary>Factor from image scale to network scale (docs/cellpose.md 3.3).</summary>
    public double Rescale => Diameter > 0 ? DiamMean / Diameter : 1.0;

    /// <summary>The number of steps along the flow that these options ask for (docs/cellpose.md 4.1).</summary>
    public int FlowSteps => Niter > 0 ? Niter : Resample ? (int)(200 / Rescale) : 200;

    /// <summary>The same for images that were prepared already, but for their size: nothing is done to intensities again.</summary>
    internal SegmentationOptions OfPrepared(int inputChannels) => this with
    {
        Normalization = IntensityNormalization.None,
        Invert = false,
        Channels = inputChannels == 2 ? new(1, 2) : default,
    };

    /// <summary>Checks that every value makes sense.</summary>
    /// <exception cref="SelfAdaptException">
    /// (<see cref="ErrorKind.InvalidOption"/>) A value is out of its range; the message names it.
    /// </exception>
    public void Validate()
    {
        Settings.Check(this);
        Settings.Require(
            !Invert || Normalization != IntensityNormalization.None,
            $"{nameof(Invert)} turns normalised intensities round: leave it out if {nameof(Normalization)} is none.");
    }
}
