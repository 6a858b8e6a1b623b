using System.Text.Json.Serialization;

namespace SelfAdapt.Adaptation.Foreground;

/// <summary>How a network of one logit is trained from crops.</summary>
internal abstract record ForegroundTrainingOptions
{
    [Setting(1, 10_000_000, "Training steps", Group = "training", Basic = true)]
    public int Iterations { get; init; } = 1000;

    [Setting(1, 1024, "Crops in a step", Group = "training")]
    public int BatchSize { get; init; } = 2;

    [Setting(32, 4096, "Side of a crop", Unit = "px", Step = 16, Group = "training")]
    public int Crop { get; init; } = 224;

    [Setting(0, 1, "Peak learning rate", Group = "training")]
    public double LearningRate { get; init; } = 1e-3;

    [Setting(0, 1, "Weight decay", Group = "training")]
    public double WeightDecay { get; init; } = 1e-5;

    [Setting("Loss: Dice, or Bce, which finds nothing for long where objects are few", Group = "training")]
    public ForegroundLoss Loss { get; init; } = ForegroundLoss.Dice;

    [Setting(0, int.MaxValue, "Seed of all random numbers", Group = "training")]
    public int Seed { get; init; }

    /// <summary>The learning rate of a step, 1 for the first: half a cosine from the peak down.</summary>
    public double RateAt(int step) => 0.5 * LearningRate * (1 + Math.Cos(Math.PI * (step - 1) / Iterations));

    /// <exception cref="SelfAdaptException">InvalidOption: out of range, or not together.</exception>
    public virtual void Validate() => Settings.Check(this);
}

/// <summary>A step of training, for the log.</summary>
internal sealed record TrainingStep(int Step, double LearningRate, double Loss, double Seconds)
{
    /// <summary>Intersection over union on held-out forests, where an enhancer looked at them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Iou { get; init; }

    /// <summary>Mean confidence of pseudo-labels, 0 to 1, where there were some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Consensus { get; init; }

    /// <summary>The share of foreground that the network finds on images without labels, 0 to 1, where it was looked at.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Foreground { get; init; }
}
