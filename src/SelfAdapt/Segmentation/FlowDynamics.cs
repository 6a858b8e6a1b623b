using System;
using System.Threading.Tasks;

namespace SelfAdapt.Segmentation;

/// <summary>
/// Moves every cell pixel along the flow until it rests near its cell's centre (spec 4.2, CPU rule).
/// </summary>
internal static class FlowDynamics
{
    private const int PointsPerChunk = 4096;

    /// <summary>Follows the flow from every cell pixel.</summary>
    /// <param name="flowY">[height, width]: row component of the network's flow.</param>
    /// <param name="flowX">Column component.</param>
    /// <param name="cellPixels">Indices of the cell pixels; elsewhere the flow counts as 0.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="scale">What the flow is divided by.</param>
    /// <param name="steps">Number of steps.</param>
    /// <returns>For each cell pixel the index of the pixel where it ended.</returns>
    public static int[] Follow(
        ReadOnlySpan<float> flowY, ReadOnlySpan<float> flowX, int[] cellPixels, int height, int width,
        float scale, int steps)
    {
        float[] field = new float[checked(2 * height * width)];
        foreach (int pixel in cellPixels)
        {
            field[2 * pixel] = flowY[pixel] / scale;
            field[(2 * pixel) + 1] = flowX[pixel] / scale;
        }

        int[] ends = new int[cellPixels.Length];
        int chunks = (cellPixels.Length + PointsPerChunk - 1) / PointsPerChunk;
        Parallel.For(0, chunks, chunk =>
        {
            int last = Math.Min((chunk + 1) * PointsPerChunk, cellPixels.Length);
            for (int i = chunk * PointsPerChunk; i < last; i++)
            {
                ends[i] = FollowOne(field, cellPixels[i], height, width, steps);
            }
        });
        return ends;
    }

    private static int FollowOne(ReadOnlySpan<float> field, int start, int height, int width, int steps)
    {
        float maxY = height - 1;
        float maxX = width - 1;
        float y = start / width;
        float x = start % width;
        for (int step = 0; step < steps; step++)
        {
            int y0 = (int)y;
            int x0 = (int)x;
            double down = y - y0;
            double right = x - x0;
            double up = 1 - down;
            double left = 1 - right;
            int here = 2 * ((y0 * width) + x0);
            int toRight = x0 + 1 < width ? 2 : 0;
            int toBelow = y0 + 1 < height ? 2 * width : 0;
            int below = here + toBelow;
            double w00 = up * left;
            double w01 = up * right;
            double w10 = down * left;
            double w11 = down * right;
            double stepY = (field[here] * w00) + (field[here + toRight] * w01)
                + (field[below] * w10) + (field[below + toRight] * w11);
            double stepX = (field[here + 1] * w00) + (field[here + toRight + 1] * w01)
                + (field[below + 1] * w10) + (field[below + toRight + 1] * w11);
            float nextY = Math.Clamp(y + (float)stepY, 0f, maxY);
            float nextX = Math.Clamp(x + (float)stepX, 0f, maxX);
            if (nextY == y && nextX == x)
            {
                // The position decides the next step, so a point that rests once rests for ever.
                break;
            }

            (y, x) = (nextY, nextX);
        }

        return ((int)y * width) + (int)x;
    }
}
