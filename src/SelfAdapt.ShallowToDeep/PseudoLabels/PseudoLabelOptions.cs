using SelfAdapt.Adaptation.Foreground;

namespace SelfAdapt.ShallowToDeep.PseudoLabels;

/// <summary>How a network is trained on images and maps that serve as their soft labels.</summary>
internal sealed record PseudoLabelOptions : ForegroundTrainingOptions
{
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
}
