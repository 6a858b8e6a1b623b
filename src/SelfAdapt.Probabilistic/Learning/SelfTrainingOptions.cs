using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Probabilistic.Networks;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>How a foreground network is trained on labelled images, on its own labels of others, or on both.</summary>
internal sealed record SelfTrainingOptions : ForegroundTrainingOptions
{
    /// <summary>The learning rate of separate adaptation, where labels are the network's own alone: at higher ones they drift.</summary>
    public const double SeparateRate = 1e-5;

    public SelfTrainingOptions() => (BatchSize, Crop, LearningRate, WeightDecay) = (4, 128, 3e-4, 0);

    [Setting("Who labels images without labels: MeanTeacher, the moving average of the weights, from and for weakly changed views; "
        + "FixMatch, the network itself from weakly changed ones, for strongly changed ones", Group = "method", Basic = true)]
    public SelfTrainingScheme Scheme { get; init; }

    [Setting("How such labels count: all alike (None), by the share of confident samples (Weighting), where all samples are "
        + "confident (Masking)", Group = "method", Basic = true)]
    public ConsensusFilter Filter { get; init; } = ConsensusFilter.Weighting;

    [Setting(0.5, 1, "A sample is confident where its probability is at least this, or at most 1 less this", Group = "method")]
    public double Confidence { get; init; } = 0.9;

    [Setting(1, 256, "Samples of a Probabilistic U-Net, for labels and predictions", Group = "method")]
    public int Samples { get; init; } = 16;

    [Setting(0, 1, "How much of the moving average of the weights stays in a step", Group = "method")]
    public double Ema { get; init; } = 0.999;

    [Setting("Scale labels so that the classes' shares are those that the network found before it adapted", Group = "method")]
    public bool Align { get; init; }

    [Setting(0, 1, "Adapting a model ends, and the last look's network is kept, where it finds less than so much of the foreground or "
        + "ground that it found at first; 0: it goes on", Group = "method")]
    public double LeastShare { get; init; } = 0.5;

    [Setting(0, 1000, "Weight of the divergence of posterior and prior", Group = "method")]
    public double Beta { get; init; } = 1;

    [Setting(0, 1, "Weight of the norms of weights", Group = "method")]
    public double NormWeight { get; init; } = 1e-5;
}

/// <summary>Who labels what is not labelled.</summary>
internal enum SelfTrainingScheme
{
    /// <summary>The moving average of the weights, from a weakly changed view, for another weakly changed view.</summary>
    MeanTeacher,

    /// <summary>The network itself, from a weakly changed view, for a strongly changed one.</summary>
    FixMatch,
}
