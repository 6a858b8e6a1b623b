using SelfAdapt.Segmentation;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>How labelled images become training batches; defaults as in Cellpose 3 (docs/cellpose.md 5).</summary>
internal sealed record TrainingSetOptions
{
    [Setting("Channel to segment (0: mean of all) and helper channel such as nuclei (0: none)",
        Default = "0,0", Basic = true)]
    public ChannelPair Channels { get; init; }

    /// <summary>How intensities are normalised, over each whole image.</summary>
    [Setting("How intensities are normalised, per channel", Default = "as the model tells, else percentile", Group = "training")]
    public IntensityNormalization Normalization { get; init; } = IntensityNormalization.Percentile;

    /// <summary>The power of normalised intensities that the network is made for.</summary>
    [Setting(0.1, 10)]
    public double Gamma { get; init; } = 1;

    [Setting(1, 10_000, "Diameter that objects are brought to",
        Unit = "px", Default = "the model's, else 30", Basic = true)]
    public double DiamMean { get; init; } = 30;

    /// <summary>
    /// Brings each image's median diameter to <see cref="DiamMean"/> and varies it by 25 %; otherwise images
    /// keep their scale and it is varied by 50 %.
    /// </summary>
    public bool Rescale { get; init; } = true;

    [Setting("Images with fewer cells are left out", Group = "training")]
    public int MinTrainMasks { get; init; } = 5;

    [Setting(1, 4096, "Crops per step", Group = "training")]
    public int BatchSize { get; init; } = 8;

    /// <summary>Images drawn per epoch, from its random order (Cellpose's nimg_per_epoch); 0 = all.</summary>
    [Setting(0, int.MaxValue, "Images drawn per epoch; 0: each once", Group = "training")]
    public int ImagesPerEpoch { get; init; }

    /// <summary>Side of the training crops, px, a multiple of 16.</summary>
    [Setting(16, 4096, "Side of a crop", Step = 16, Unit = "px", Group = "training")]
    public int CropSize { get; init; } = 224;

    public void Validate() => Settings.Check(this);
}
