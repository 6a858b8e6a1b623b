namespace SelfAdapt.Segmentation.Simulation;

/// <summary>Gaussian blur, and random fields made by blurring noise.</summary>
internal static class SmoothField
{
    /// <summary>Blurs a plane in place, mirrored at the borders; sigma 0 leaves it.</summary>
    public static void Blur(float[] plane, int height, int width, double sigma)
    {
        if (sigma <= 0)
        {
            return;
        }

        double[] kernel = Kernel(sigma);
        double[] line = new double[Math.Max(height, width) + kernel.Length - 1];
        for (int y = 0; y < height; y++)
        {
            BlurLine(plane, y * width, 1, width, kernel, line);
        }

        for (int x = 0; x < width; x++)
        {
            BlurLine(plane, x, width, height, kernel, line);
        }
    }

    /// <summary>A random field with mean 0 and standard deviation 1 whose features are a few sigma wide.</summary>
    public static float[] Noise(SeededRandom random, int height, int width, double sigma)
    {
        float[] field = new float[height * width];
        for (int i = 0; i < field.Length; i++)
        {
            field[i] = (float)random.Normal();
        }

        Blur(field, height, width, sigma);
        (double sum, double squares) = (0, 0);
        foreach (float value in field)
        {
            sum += value;
            squares += (double)value * value;
        }

        double mean = sum / field.Length;
        double deviation = Math.Sqrt(Math.Max(1e-12, (squares / field.Length) - (mean * mean)));
        for (int i = 0; i < field.Length; i++)
        {
            field[i] = (float)((field[i] - mean) / deviation);
        }

        return field;
    }

    /// <summary>
    /// The brightness at a place of a coarse field stretched over an image, between four grid points.
    /// </summary>
    /// <param name="v">0 at the image's top to 1 at its bottom.</param>
    /// <param name="u">0 at the image's left to 1 at its right.</param>
    public static double At(float[] field, int side, double v, double u)
    {
        (double y, double x) = (v * (side - 1), u * (side - 1));
        (int row, int column) = (Math.Min((int)y, side - 2), Math.Min((int)x, side - 2));
        (double down, double right) = (y - row, x - column);
        int at = (row * side) + column;
        double top = ((1 - right) * field[at]) + (right * field[at + 1]);
        double bottom = ((1 - right) * field[at + side]) + (right * field[at + side + 1]);
        return ((1 - down) * top) + (down * bottom);
    }

    private static double[] Kernel(double sigma)
    {
        int radius = (int)Math.Ceiling(3 * sigma);
        double[] kernel = new double[(2 * radius) + 1];
        double sum = 0;
        for (int i = 0; i < kernel.Length; i++)
        {
            kernel[i] = Math.Exp(-(i - radius) * (i - radius) / (2 * sigma * sigma));
            sum += kernel[i];
        }

        return Array.ConvertAll(kernel, k => k / sum);
    }

    private static void BlurLine(
        float[] plane, int start, int step, int length, double[] kernel, double[] line)
    {
        int radius = kernel.Length / 2;
        for (int i = -radius; i < length + radius; i++)
        {
            line[i + radius] = plane[start + (Mirror(i, length) * step)];
        }

        for (int i = 0; i < length; i++)
        {
            double sum = 0;
            for (int k = 0; k < kernel.Length; k++)
            {
                sum += kernel[k] * line[i + k];
            }

            plane[start + (i * step)] = (float)sum;
        }
    }

    private static int Mirror(int index, int length)
    {
        int period = 2 * length;
        index = ((index % period) + period) % period;
        return index < length ? index : period - 1 - index;
    }
}
