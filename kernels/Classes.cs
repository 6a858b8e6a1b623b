using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Classes of one softmax, in double as on the host. Layout: NCHW vectors. Launch: one thread per pixel, groups of 256.
/// </summary>
public static class Classes
{
    /// <summary>Logits of a run of channels become probabilities, in place; count: pixels of all samples.</summary>
    public static void Softmax(ArrayView<float> outputs, int channels, int first, int classes, int plane, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int at = (((i / plane * channels) + first) * plane) + (i % plane);
            double all = LogSum(outputs, at, classes, plane);
            for (int k = 0; k < classes; k++)
            {
                outputs[at + (k * plane)] = (float)Functions.Exp(outputs[at + (k * plane)] - all);
            }
        }
    }

    /// <summary>The first class of the highest value.</summary>
    /// <param name="at">Where the first class's value lies.</param>
    internal static int Likeliest(ArrayView<float> values, int at, int classes, int plane)
    {
        int best = 0;
        for (int k = 1; k < classes; k++)
        {
            best = values[at + (k * plane)] > values[at + (best * plane)] ? k : best;
        }

        return best;
    }

    /// <summary>ln of the sum of e^z over a pixel's classes.</summary>
    internal static double LogSum(ArrayView<float> logits, int at, int classes, int plane)
    {
        double most = logits[at + (Likeliest(logits, at, classes, plane) * plane)];
        double sum = 0;
        for (int k = 0; k < classes; k++)
        {
            sum += Functions.Exp(logits[at + (k * plane)] - most);
        }

        return most + Functions.Log(sum);
    }
}
