using System;

namespace SelfAdapt.Segmentation;

/// <summary>How intensities are brought to the range a network expects.</summary>
public enum IntensityNormalization
{
    /// <summary>Intensities stay as they are.</summary>
    None,

    /// <summary>
    /// Each channel's 1st percentile becomes 0 and its 99th 1, without clipping (Cellpose).
    /// </summary>
    Percentile,

    /// <summary>Each channel gets mean 0 and variance 1 (many BioImage.IO networks).</summary>
    ZeroMeanUnitVariance,
}

/// <summary>Which channels of an image a two-channel network sees, in Cellpose's vocabulary.</summary>
/// <param name="First">Channel to segment: 0 = mean of all channels, otherwise the 1-based channel.</param>
/// <param name="Second">Helper channel (nuclei): 0 = none (zeros), otherwise the 1-based channel.</param>
public readonly record struct ChannelPair(int First, int Second);

/// <summary>
/// Everything that decides how an image becomes masks; the defaults are those of Cellpose 3.1
/// (spec/cellpose.md sections 3 and 4).
/// </summary>
public sealed record SegmentationOptions
{
    /// <summary>
    /// Mean object diameter in the image, px; 0 means the image is already at network scale.
    /// </summary>
    public double Diameter { get; init; }

    /// <summary>Diameter the network was trained at, px (30, or 17 for nuclei models).</summary>
    public double DiamMean { get; init; } = 30;

    /// <summary>Channels that the network sees.</summary>
    public ChannelPair Channels { get; init; }

    /// <summary>How intensities are normalised.</summary>
    public IntensityNormalization Normalization { get; init; } = IntensityNormalization.Percentile;

    /// <summary>Replaces each normalised channel x by 1 - x: dark objects on a bright ground.</summary>
    public bool Invert { get; init; }

    /// <summary>Largest flow error that a mask may have; 0 or less keeps every mask.</summary>
    public double FlowThreshold { get; init; } = 0.4;

    /// <summary>A pixel belongs to a cell when its logit is above this.</summary>
    public double CellprobThreshold { get; init; }

    /// <summary>Masks with fewer pixels are removed; 0 or less keeps all.</summary>
    public int MinSize { get; init; } = 15;

    /// <summary>Steps along the flow; 0 = 200 / rescale (200 when <see cref="Resample"/> is off).</summary>
    public int Niter { get; init; }

    /// <summary>Runs overlapping tiles flipped four ways and averages them.</summary>
    public bool Augment { get; init; }

    /// <summary>
    /// Builds the masks at the image's size (true) or at network scale, enlarged afterwards.
    /// </summary>
    public bool Resample { get; init; } = true;

    /// <summary>Tiles per network call.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>
    /// Threads that prepare images and build masks, 0 = one per processor; results do not depend on it. The
    /// network's threads are its engine's matter.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>Least overlap of neighbouring tiles, as a fraction; used within 0.05 to 0.5.</summary>
    public double TileOverlap { get; init; } = 0.1;

    /// <summary>Flow masks that cover more than this fraction of the image are removed.</summary>
    public double MaxSizeFraction { get; init; } = 0.4;

    /// <summary>Removes masks that touch the image border.</summary>
    public bool ExcludeOnEdges { get; init; }

    /// <summary>Factor from image scale to network scale (spec/cellpose.md 3.3).</summary>
    public double Rescale => Diameter > 0 ? DiamMean / Diameter : 1.0;

    /// <summary>
    /// The number of steps along the flow that these options ask for (spec/cellpose.md 4.1).
    /// </summary>
    public int FlowSteps => Niter > 0 ? Niter : Resample ? (int)(200 / Rescale) : 200;

    /// <summary>Checks that every value makes sense.</summary>
    /// <exception cref="SelfAdaptException">
    /// (<see cref="ExitCode.Usage"/>) A value is out of its range; the message names it.
    /// </exception>
    public void Validate()
    {
        OptionCheck.Require(
            Diameter is >= 0 and <= 10_000,
            nameof(Diameter), Diameter, "0 (image is at network scale) to 10000 px");
        OptionCheck.Require(
            DiamMean is >= 1 and <= 10_000,
            nameof(DiamMean), DiamMean, "1 to 10000 px");
        OptionCheck.Require(Channels);
        OptionCheck.Require(
            Enum.IsDefined(Normalization),
            nameof(Normalization), (int)Normalization, "a defined kind");
        OptionCheck.Require(
            !Invert || Normalization != IntensityNormalization.None,
            nameof(Invert), 1, "off when intensities are not normalised");
        OptionCheck.Require(!double.IsNaN(FlowThreshold), nameof(FlowThreshold), FlowThreshold, "a number");
        OptionCheck.Require(
            !double.IsNaN(CellprobThreshold),
            nameof(CellprobThreshold), CellprobThreshold, "a number");
        OptionCheck.Require(Niter is >= 0 and <= 1_000_000, nameof(Niter), Niter, "0 (automatic) to 1000000");
        OptionCheck.Require(BatchSize is >= 1 and <= 4096, nameof(BatchSize), BatchSize, "1 to 4096");
        OptionCheck.Require(Threads is >= 0 and <= 1024, nameof(Threads), Threads, "0 (one per processor) to 1024");
        OptionCheck.Require(!double.IsNaN(TileOverlap), nameof(TileOverlap), TileOverlap, "a number");
        OptionCheck.Require(MaxSizeFraction > 0, nameof(MaxSizeFraction), MaxSizeFraction, "above 0");
    }
}
