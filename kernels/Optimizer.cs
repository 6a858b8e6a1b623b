using System;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// An optimiser step in one pass over all parameters.
/// Math: d = w - w0; g += pull d; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// w -= rate (m c1 / (sqrt(v) c2 + eps) + decay w + decoupledPull d); teacher += share (w - teacher). Beside it the
/// sums of d^2 and g^2. A rate of 0 leaves every weight's bits, a teacher that equals its weight too.
/// Layout: vectors; partial [groups][2]. Launch: group a power of two, grid count / perGroup.
/// Roofline share: not yet measured.
/// </summary>
public static class Optimizer
{
    private const int WithAnchor = 1;
    private const int WithTeacher = 2;

    /// <summary>The step.</summary>
    public static void Step(
        ArrayView<float> weights, ArrayView<float> gradient, ArrayView<float> first, ArrayView<float> second,
        ArrayView<float> anchor, ArrayView<float> teacher, ArrayView<float> partial, float rate, float decay,
        float beta1, float rest1, float beta2, float rest2, float correction1, float correction2, float epsilon,
        float pull, float decoupledPull, float share, int flags, int perGroup, int count)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int start = Grid.IdxX * perGroup;
        int end = start + perGroup < count ? start + perGroup : count;
        double distance = 0;
        double norm = 0;
        for (int i = start + Group.IdxX; i < end; i += Group.DimX)
        {
            float w = weights[i];
            float drift = (flags & WithAnchor) != 0 ? w - anchor[i] : 0;
            float g = gradient[i] + (pull * drift);
            float m = (beta1 * first[i]) + (rest1 * g);
            float v = (beta2 * second[i]) + (rest2 * g * g);
            first[i] = m;
            second[i] = v;
            distance += (double)drift * drift;
            norm += (double)g * g;
            if (rate != 0)
            {
                float move = m * correction1 / ((MathF.Sqrt(v) * correction2) + epsilon);
                w -= rate * (move + (decay * w) + (decoupledPull * drift));
                weights[i] = w;
            }

            if ((flags & WithTeacher) != 0)
            {
                float t = teacher[i];
                if (t != w)
                {
                    teacher[i] = t + (share * (w - t));
                }
            }
        }

        double distanceSum = Reduction.Sum(distance, scratch);
        Group.Barrier();
        double normSum = Reduction.Sum(norm, scratch);
        if (Group.IdxX == 0)
        {
            partial[2 * Grid.IdxX] = (float)distanceSum;
            partial[(2 * Grid.IdxX) + 1] = (float)normSum;
        }
    }

    /// <summary>Adds the groups' sums.</summary>
    public static void Finish(ArrayView<float> partial, ArrayView<float> sums, int groups)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        double distance = 0;
        double norm = 0;
        for (int i = Group.IdxX; i < groups; i += Group.DimX)
        {
            distance += partial[2 * i];
            norm += partial[(2 * i) + 1];
        }

        double distanceSum = Reduction.Sum(distance, scratch);
        Group.Barrier();
        double normSum = Reduction.Sum(norm, scratch);
        if (Group.IdxX == 0)
        {
            sums[0] = (float)distanceSum;
            sums[1] = (float)normSum;
        }
    }
}
