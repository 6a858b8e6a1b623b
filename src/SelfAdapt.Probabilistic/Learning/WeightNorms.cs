using SelfAdapt.Models.Graph;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>The sum of weights' Euclidean norms, each group of tensors by itself.</summary>
internal static class WeightNorms
{
    /// <summary>Adds the gradient of a factor times the sum.</summary>
    /// <returns>That many times the sum.</returns>
    public static double AddGradient(
        IReadOnlyList<IReadOnlyList<NetworkTensor>> groups, float[] parameters, float[] gradient, double factor)
    {
        double sum = 0;
        foreach (IReadOnlyList<NetworkTensor> group in groups)
        {
            double squares = 0;
            foreach (NetworkTensor tensor in group)
            {
                foreach (float value in parameters.AsSpan(tensor.Offset, tensor.Length))
                {
                    squares += (double)value * value;
                }
            }

            double norm = Math.Sqrt(squares);
            sum += norm;

            // At 0 the norm has no gradient.
            double scale = norm > 0 ? factor / norm : 0;
            foreach (NetworkTensor tensor in group)
            {
                for (int i = tensor.Offset; i < tensor.Offset + tensor.Length; i++)
                {
                    gradient[i] += (float)(scale * parameters[i]);
                }
            }
        }

        return factor * sum;
    }
}
