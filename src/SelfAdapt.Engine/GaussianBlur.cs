using SelfAdapt.Files.Images;

namespace SelfAdapt.Engine;

/// <summary>Convolution of a plane with a Gaussian that ends at 3 sigma; edges are mirrored.</summary>
internal static class GaussianBlur
{
    /// <summary>Along the rows into <paramref name="scratch"/>, then along the columns back.</summary>
    public static void Apply(Span<double> values, Span<double> scratch, int height, int width, double sigma)
    {
        double[] kernel = Kernel(sigma);
        for (int y = 0; y < height; y++)
        {
            BlurLine(values.Slice(y * width, width), 1, scratch.Slice(y * width, width), width, kernel);
        }

        for (int x = 0; x < width; x++)
        {
            BlurLine(scratch[x..], width, values[x..], height, kernel);
        }
    }

    private static void BlurLine(
        ReadOnlySpan<double> source, int stride, Span<double> target, int length, ReadOnlySpan<double> kernel)
    {
        int radius = kernel.Length / 2;
        for (int i = 0; i < length; i++)
        {
            double sum = 0;
            for (int k = -radius; k <= radius; k++)
            {
                sum += kernel[k + radius] * source[Mirror.Index(i + k, length) * stride];
            }

            target[i * stride] = sum;
        }
    }

    private static double[] Kernel(double sigma)
    {
        int radius = (int)Math.Ceiling(3 * sigma);
        double[] kernel = new double[(2 * radius) + 1];
        double sum = 0;
        for (int k = -radius; k <= radius; k++)
        {
            kernel[k + radius] = Math.Exp(-0.5 * k * k / (sigma * sigma));
            sum += kernel[k + radius];
        }

        foreach (ref double weight in kernel.AsSpan())
        {
            weight /= sum;
        }

        return kernel;
    }
}
