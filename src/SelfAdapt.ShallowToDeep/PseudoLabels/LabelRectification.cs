using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;

namespace SelfAdapt.ShallowToDeep.PseudoLabels;

/// <summary>
/// Label rectification (Matskevych et al., equations 6 to 8): a soft label counts by how near the network's probability of its
/// class is to the mean that pixels so labelled have. The means follow the batches; the first batch's begin them.
/// </summary>
/// <param name="keep">How much of a mean stays when a batch comes.</param>
internal sealed class LabelRectification(double keep)
{
    // NaN until a batch had a pixel of the class.
    private readonly double[] _means = [double.NaN, double.NaN];

    /// <summary>The labels of a batch, each class's rectified by itself; they need not sum to 1.</summary>
    public (float[] Object, float[] Background) Rectify(float[] logits, float[] labels)
    {
        double[] p = Array.ConvertAll(logits, ForegroundLosses.Probability);
        double?[] now = [Mean(p, labels, ofObjects: false), Mean(p, labels, ofObjects: true)];
        double background = Followed(0) ?? now[0] ?? 1;
        double objects = Followed(1) ?? now[1] ?? 1;
        (float[] Object, float[] Background) rectified = (new float[p.Length], new float[p.Length]);
        for (int i = 0; i < p.Length; i++)
        {
            rectified.Object[i] = (float)((1 - Math.Abs(p[i] - objects)) * labels[i]);
            rectified.Background[i] = (float)((1 - Math.Abs(1 - p[i] - background)) * (1 - labels[i]));
        }

        for (int k = 0; k < _means.Length; k++)
        {
            _means[k] = now[k] is { } mean ? (keep * (Followed(k) ?? mean)) + ((1 - keep) * mean) : _means[k];
        }

        return rectified;
    }

    public void Exchange(StateExchange state)
    {
        state.Number(ref _means[0]);
        state.Number(ref _means[1]);
    }

    private double? Followed(int label) => double.IsNaN(_means[label]) ? null : _means[label];

    /// <summary>The mean probability of a class over the pixels that are labelled so; null where none is.</summary>
    private static double? Mean(double[] p, float[] labels, bool ofObjects)
    {
        (double sum, int count) = (0, 0);
        for (int i = 0; i < p.Length; i++)
        {
            if (labels[i] >= 0.5f == ofObjects)
            {
                sum += ofObjects ? p[i] : 1 - p[i];
                count++;
            }
        }

        return count == 0 ? null : sum / count;
    }
}
