using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>Sums over a group as a tree, in an order that only the group's size decides, a power of two.</summary>
internal static class Reduction
{
    /// <summary>Most threads in a group that sums.</summary>
    public const int MaxThreads = 256;

    /// <summary>
    /// The sum over the group, for every thread. The threads lie along x. The scratch is free again behind a barrier.
    /// </summary>
    /// <param name="value">The thread's own value.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(double value, ArrayView<double> scratch)
    {
        int thread = Group.IdxX;
        scratch[thread] = value;
        Group.Barrier();
        for (int step = Group.DimX / 2; step > 0; step /= 2)
        {
            if (thread < step)
            {
                scratch[thread] += scratch[thread + step];
            }

            Group.Barrier();
        }

        return scratch[0];
    }

    /// <summary>Puts the group's sums of two numbers side by side, as a pair of floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutSums(
        double first, double second, ArrayView<double> scratch, ArrayView<float> target, int pair)
    {
        double firstSum = Sum(first, scratch);
        Group.Barrier();
        double secondSum = Sum(second, scratch);
        if (Group.IdxX == 0)
        {
            target[2 * pair] = (float)firstSum;
            target[(2 * pair) + 1] = (float)secondSum;
        }
    }

    /// <summary>Adds the quads of threads with the same x, over y; thread (x, 0)'s place then holds the sum.</summary>
    /// <param name="scratch">Shared; thread (x, y) has put its quad at y * DimX + x.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SumOverY(ArrayView<Quad> scratch)
    {
        int at = (Group.IdxY * Group.DimX) + Group.IdxX;
        Group.Barrier();
        for (int step = Group.DimY / 2; step > 0; step /= 2)
        {
            if (Group.IdxY < step)
            {
                scratch[at] = Quad.Add(scratch[at], scratch[at + (step * Group.DimX)]);
            }

            Group.Barrier();
        }
    }
}
