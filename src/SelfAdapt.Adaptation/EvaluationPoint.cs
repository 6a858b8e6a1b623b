using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Adaptation;

/// <summary>What was measured on the images checked at one point of the run; no labels are involved.</summary>
/// <param name="Iteration">Steps done; 0: the source's weights.</param>
/// <param name="Signals">What its masks say.</param>
/// <param name="MeanConfidence">Mean probability of the predicted class: logged, no stopping signal.</param>
/// <param name="ViewVariance">Mean variance over the teacher's views: logged, no stopping signal.</param>
/// <param name="Ap50">AP at IoU 0.5 on labelled images, if given: the oracle column, which decides nothing.</param>
/// <param name="Gamma">The power of intensities that the network saw (<see cref="SegmentationOptions.Gamma"/>).</param>
public sealed record EvaluationPoint(
    int Iteration, LabelFreeSignals Signals, double? MeanConfidence = null, double? ViewVariance = null,
    double? Ap50 = null, double Gamma = 1);

/// <summary>What was measured in one training step.</summary>
/// <param name="L2Sp">sum (w - w0)^2 before the step.</param>
/// <param name="Kept">Per output channel, the fraction that the masks kept.</param>
/// <param name="Thresholds">Thresholds in use, in the order the backend keeps them.</param>
internal sealed record StepPoint(
    int Iteration, double LearningRate, double CrossEntropy, double SquaredError, double L2Sp, double Loss,
    double GradientNorm, ReadOnlyMemory<float> Kept, ReadOnlyMemory<float> Thresholds, double Seconds);
