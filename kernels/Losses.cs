using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// The losses with their gradients, in one pass each. Math: binary cross-entropy of logit z against target t: max(z, 0)
/// - z t + ln(1 + e^-|z|), gradient sigmoid(z) - t; squares d^2 with gradient 2 d (masked loss), 0.5 d^2 with gradient
/// d (supervised loss); a softmax's cross-entropy -t ln p with gradient p - t for each class; distances p |d| with gradient p sign(d), p the object's probability; each times its weight, what
/// is not kept counts 0. In double, as on the host. Layout: NCHW
/// vectors; partial [N * C][chunks][2] = loss, kept (masked) or [N][chunks][2] = squares, cross-entropy. Launch: group
/// a power of two, grid (chunks, planes or samples); Finish...: one group.
/// </summary>
public static class Losses
{
    /// <summary>Gradient and partial sums of the masked loss.</summary>
    public static void Masked(
        ArrayView<float> student, ArrayView<float> mean, ArrayView<float> deviation, ArrayView<float> thresholds,
        ArrayView<int> kinds, ArrayView<float> gradient, ArrayView<float> partial, int channels, int plane,
        int useClassMask, int useRegressionMask, int softLabels, int meanIsProbability, float lambda, float perLogit,
        float perRegression)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int channel = Grid.IdxY % channels;
        int kind = kinds[channel];
        int toLogit = (kind - ChannelKinds.Distances - channel) * plane;
        int each = (plane + Grid.DimX - 1) / Grid.DimX;
        int end = (Grid.IdxX + 1) * each < plane ? (Grid.IdxX + 1) * each : plane;
        double loss = 0;
        double kept = 0;
        for (int p = (Grid.IdxX * each) + Group.IdxX; p < end; p += Group.DimX)
        {
            int i = (Grid.IdxY * plane) + p;
            double y = student[i];
            double slope = 0;
            if (kind < 0)
            {
                int classes = ChannelKinds.Classes(kind);
                int own = channel - ChannelKinds.FirstClass(kind);
                int first = i - (own * plane);
                int best = Classes.Likeliest(mean, first, classes, plane);
                if (useClassMask == 0 || mean[first + (best * plane)] >= thresholds[4 * (channel - own + best)])
                {
                    double hard = best == own ? 1.0 : 0.0;
                    double target = softLabels != 0 ? mean[i] : hard;
                    double logProbability = y - Classes.LogSum(student, first, classes, plane);
                    loss -= target * logProbability;
                    slope = (Functions.Exp(logProbability) - target) * perLogit;
                    kept += 1;
                }
            }
            else if (kind == ChannelKinds.Logit)
            {
                PseudoLabel label = PseudoLabel.Of(mean[i], meanIsProbability);
                if (useClassMask == 0 || label.Confidence >= thresholds[(4 * channel) + label.Foreground])
                {
                    double target = softLabels != 0 ? label.Probability : label.Foreground;
                    loss += CrossEntropy(y, target);
                    slope = (Functions.Sigmoid(y) - target) * perLogit;
                    kept += 1;
                }
            }
            else if (kind >= ChannelKinds.Distances)
            {
                PseudoLabel label = PseudoLabel.Of(mean[i + toLogit], meanIsProbability);
                if (label.Foreground != 0 && (useRegressionMask == 0 || deviation[i] <= thresholds[4 * channel]))
                {
                    double d = y - mean[i];
                    loss += label.Probability * SizeOf(d);
                    slope = label.Probability * SignOf(d) * lambda * perRegression;
                    kept += 1;
                }
            }
            else if (useRegressionMask == 0 || deviation[i] <= thresholds[4 * channel])
            {
                double d = y - mean[i];
                loss += d * d;
                slope = 2 * d * lambda * perRegression;
                kept += 1;
            }

            gradient[i] = (float)slope;
        }

        Reduction.PutSums(loss, kept, scratch, partial, (Grid.IdxY * Grid.DimX) + Grid.IdxX);
    }

    /// <summary>Cross-entropy, MSE, their weighted sum, kept fractions.</summary>
    public static void FinishMasked(
        ArrayView<float> partial, ArrayView<int> kinds, ArrayView<float> sums, int channels, int samples, int chunks,
        int plane, float lambda, float perLogit, float perRegression)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        double crossEntropy = 0;
        double squares = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            double loss = 0;
            double kept = 0;
            for (int part = Group.IdxX; part < samples * chunks; part += Group.DimX)
            {
                int at = ((((part / chunks * channels) + channel) * chunks) + (part % chunks)) * 2;
                loss += partial[at];
                kept += partial[at + 1];
            }

            double lossSum = Reduction.Sum(loss, scratch);
            Group.Barrier();
            double keptSum = Reduction.Sum(kept, scratch);
            Group.Barrier();
            bool isEntropy = kinds[channel] == ChannelKinds.Logit || kinds[channel] < 0;
            crossEntropy += isEntropy ? lossSum * perLogit : 0;
            squares += isEntropy ? 0 : lossSum * perRegression;
            if (Group.IdxX == 0)
            {
                sums[3 + channel] = (float)(keptSum / ((double)samples * plane));
            }
        }

        if (Group.IdxX == 0)
        {
            sums[0] = (float)crossEntropy;
            sums[1] = (float)squares;
            sums[2] = (float)(crossEntropy + (lambda * squares));
        }
    }

    /// <summary>Gradient and partial sums of Cellpose's supervised loss, or, with a background of 0 or more, of StarDist's.</summary>
    public static void Supervised(
        ArrayView<float> output, ArrayView<float> cell, ArrayView<float> flow, ArrayView<float> gradient,
        ArrayView<float> partial, int channels, int logit, int field, int components, int plane,
        float flowScale, float perLogit, float perComponent, float background)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int sample = Grid.IdxY;
        int each = (plane + Grid.DimX - 1) / Grid.DimX;
        int end = (Grid.IdxX + 1) * each < plane ? (Grid.IdxX + 1) * each : plane;
        double squares = 0;
        double crossEntropy = 0;
        for (int p = (Grid.IdxX * each) + Group.IdxX; p < end; p += Group.DimX)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                int i = (((sample * channels) + channel) * plane) + p;
                int component = field < 0 ? -1 : channel - field;
                double slope = 0;
                if (channel == logit)
                {
                    double z = output[i];
                    double target = cell[(sample * plane) + p];
                    crossEntropy += CrossEntropy(z, target);
                    slope = (Functions.Sigmoid(z) - target) * perLogit;
                }
                else if (component >= 0 && component < components)
                {
                    double d = output[i] - ((double)flowScale * flow[(((components * sample) + component) * plane) + p]);
                    if (background < 0)
                    {
                        squares += 0.5 * d * d;
                        slope = d * perComponent;
                    }
                    else
                    {
                        double inside = cell[(sample * plane) + p];
                        double outside = background * (1 - inside);
                        squares += (inside * SizeOf(d)) + (outside * SizeOf(output[i]));
                        slope = ((inside * SignOf(d)) + (outside * SignOf(output[i]))) * perComponent;
                    }
                }

                gradient[i] = (float)slope;
            }
        }

        Reduction.PutSums(squares, crossEntropy, scratch, partial, (sample * Grid.DimX) + Grid.IdxX);
    }

    /// <summary>Flow term, cross-entropy, loss.</summary>
    public static void FinishSupervised(
        ArrayView<float> partial, ArrayView<float> sums, int parts, float perLogit, float perComponent)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        double squares = 0;
        double crossEntropy = 0;
        for (int part = Group.IdxX; part < parts; part += Group.DimX)
        {
            squares += partial[2 * part];
            crossEntropy += partial[(2 * part) + 1];
        }

        double squareSum = Reduction.Sum(squares, scratch) * perComponent;
        Group.Barrier();
        double entropySum = Reduction.Sum(crossEntropy, scratch) * perLogit;
        if (Group.IdxX == 0)
        {
            sums[0] = (float)squareSum;
            sums[1] = (float)entropySum;
            sums[2] = (float)(squareSum + entropySum);
        }
    }

    private static double SizeOf(double x) => x < 0 ? -x : x;

    private static int SignOf(double x) => x > 0 ? 1 : x < 0 ? -1 : 0;

    private static double CrossEntropy(double z, double target)
    {
        double positive = z > 0 ? z : 0;
        return positive - (z * target) + Functions.LogOnePlus(Functions.Exp(-SizeOf(z)));
    }
}
