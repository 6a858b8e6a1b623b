using System.Runtime.CompilerServices;

namespace SelfAdapt.Kernels;

/// <summary>What the teacher says of one pixel of a logit channel.</summary>
internal struct PseudoLabel
{
    /// <summary>1 for the foreground, else 0.</summary>
    public int Foreground;

    /// <summary>The predicted class's probability, rounded as thresholds are.</summary>
    public float Confidence;

    public double Probability;

    /// <summary>Reads a logit or a probability.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PseudoLabel Of(float mean, int isProbability)
    {
        PseudoLabel label;
        double value = mean;
        label.Foreground = value > (isProbability != 0 ? 0.5 : 0) ? 1 : 0;
        label.Probability = isProbability != 0 ? value : Functions.Sigmoid(value);
        double background = isProbability != 0 ? 1 - value : Functions.Sigmoid(-value);
        label.Confidence = (float)(label.Foreground != 0 ? label.Probability : background);
        return label;
    }
}
