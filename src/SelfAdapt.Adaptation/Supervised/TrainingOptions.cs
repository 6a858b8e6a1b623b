
using SelfAdapt.Segmentation;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>
/// How labelled images become training batches; defaults as in Cellpose 3 (spec/cellpose.md 5).
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>Channels that the network sees.</summary>
    public ChannelPair Channels { get; init; }

    /// <summary>How intensities are normalised, over each whole image.</summary>
    public IntensityNormalization Normalization { get; init; } = IntensityNormalization.Percentile;

    /// <summary>Diameter that objects are brought to, px (30, or 17 for nuclei models).</summary>
    public double DiamMean { get; init; } = 30;

    /// <summary>
    /// Brings each image's median diameter to <see cref="DiamMean"/> and varies it by 25 %; otherwise images
    /// keep their scale and it is varied by 50 %.
    /// </summary>
    public bool Rescale { get; init; } = true;

    /// <summary>Images with fewer cells are left out.</summary>
    public int MinTrainMasks { get; init; } = 5;

    /// <summary>Images per batch.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Images drawn per epoch, from its random order (Cellpose's nimg_per_epoch); 0 = all.</summary>
    public int ImagesPerEpoch { get; init; }

    /// <summary>Side of the training crops, px, a multiple of 16.</summary>
    public int CropSize { get; init; } = 224;

    /// <summary>Checks that every value makes sense.</summary>
    /// <exception cref="SelfAdaptException">
    /// (<see cref="ExitCode.Usage"/>) a value is out of its range; the message names it.
    /// </exception>
    public void Validate()
    {
        OptionCheck.Require(
            DiamMean is >= 1 and <= 10_000,
            nameof(DiamMean), DiamMean, "1 to 10000 px");
        OptionCheck.Require(BatchSize is >= 1 and <= 4096, nameof(BatchSize), BatchSize, "1 to 4096");
        OptionCheck.Require(ImagesPerEpoch >= 0, nameof(ImagesPerEpoch), ImagesPerEpoch, "0 (all) or more");
        OptionCheck.Require(
            CropSize is >= 16 and <= 4096 && CropSize % 16 == 0,
            nameof(CropSize), CropSize, "multiples of 16 from 16 to 4096 px");
        OptionCheck.Require(Channels);
    }
}
