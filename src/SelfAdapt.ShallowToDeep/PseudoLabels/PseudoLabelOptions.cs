using SelfAdapt.ShallowToDeep.Training;

namespace SelfAdapt.ShallowToDeep.PseudoLabels;

/// <summary>How a network is trained on images and maps that serve as their soft labels.</summary>
internal sealed record PseudoLabelOptions
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

    [Setting("Loss: Bce, or Dice for thin structures such as membranes", Group = "training")]
    public ForegroundLoss Loss { get; init; }

    [Setting("Learn to agree with the moving average of the weights as well", Group = "method")]
    public bool Consistency { get; init; } = true;

    [Setting("Let a label count by how usual the network's opinion of it is for its class", Group = "method")]
    public bool Rectification { get; init; } = true;

    [Setting(0, 1, "How much of the moving average of the weights stays in a step", Group = "method")]
    public double Ema { get; init; } = 0.999;

    [Setting(0, 1, "How much of a class's mean probability stays in a step", Group = "method")]
    public double RectificationKeep { get; init; } = 0.999;

    [Setting(0, 1, "Most standard deviation of the noise that the moving average sees in a quarter of the steps", Group = "method")]
    public double Noise { get; init; } = 0.1;

    [Setting(0, int.MaxValue, "Seed of all random numbers", Group = "training")]
    public int Seed { get; init; }

    /// <exception cref="SelfAdaptException">InvalidOption: out of range.</exception>
    public void Validate() => Settings.Check(this);
}
