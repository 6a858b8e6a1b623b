using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// An optimiser step in one pass over all parameters. Math: d = w - w0; g += pull d; m = b1 m + (1 - b1) g; v = b2 v +
/// (1 - b2) g^2; w -= rate (m c1 / (sqrt(v) c2 + eps) + decay w + decoupledPull d); teacher += share (w - teacher).
/// Beside it the sums of d^2 and g^2. A rate of 0 leaves every weight's bits, a teacher that equals its weight too.
/// Layout: vectors; partial [groups][2]. Launch: group a power of two, grid count / perGroup.
/// </summary>
public static class Optimizer
{
    /// <summary>The step.</summary>
    public static void Step(
        ArrayView<float> weights, ArrayView<float> gradient, ArrayView<float> first, ArrayView<float> second,
        ArrayView<float> anchor, ArrayView<float> teacher, ArrayView<float> partial,
        OptimizerNumbers numbers, OptimizerFlags flags, int perGroup, int count)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int start = Grid.IdxX * perGroup;
        int end = start + perGroup < count ? start + perGroup : count;
        double distance = 0;
        double norm = 0;
        for (int i = start + Group.IdxX; i < end; i += Group.DimX)
        {
            float w = weights[i];
            float drift = (flags & OptimizerFlags.Anchor) != 0 ? w - anchor[i] : 0;
            float g = gradient[i] + (numbers.Pull * drift);
            float m = (numbers.Beta1 * first[i]) + (numbers.Rest1 * g);
            float v = (numbers.Beta2 * second[i]) + (numbers.Rest2 * g * g);
            first[i] = m;
            second[i] = v;
            distance += (double)drift * drift;
            norm += (double)g * g;
            if (numbers.Rate != 0)
            {
                float move = m * numbers.Correction1 / ((MathF.Sqrt(v) * numbers.Correction2) + numbers.Epsilon);
                w -= numbers.Rate * (move + (numbers.Decay * w) + (numbers.DecoupledPull * drift));
                weights[i] = w;
            }

            if ((flags & OptimizerFlags.Teacher) != 0)
            {
                float t = teacher[i];
                if (t != w)
                {
                    teacher[i] = t + (numbers.Share * (w - t));
                }
            }
        }

        Reduction.PutSums(distance, norm, scratch, partial, Grid.IdxX);
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

        Reduction.PutSums(distance, norm, scratch, sums, 0);
    }
}

/// <summary>Which optional vectors a step has.</summary>
[Flags]
public enum OptimizerFlags
{
    None = 0,

    /// <summary>Weights are drawn to an anchor.</summary>
    Anchor = 1,

    /// <summary>A teacher follows them.</summary>
    Teacher = 2,
}

/// <summary>The numbers of a step; what they multiply stands in <see cref="Optimizer"/>.</summary>
/// <param name="Rate">Learning rate.</param>
/// <param name="Decay">Weight decay.</param>
/// <param name="Beta1">What the first moment keeps.</param>
/// <param name="Rest1">1 - Beta1.</param>
/// <param name="Beta2">What the second moment keeps.</param>
/// <param name="Rest2">1 - Beta2.</param>
/// <param name="Correction1">c1.</param>
/// <param name="Correction2">c2.</param>
/// <param name="Epsilon">Keeps the denominator from 0.</param>
/// <param name="Pull">To the anchor, through the gradient.</param>
/// <param name="DecoupledPull">To the anchor, beside the gradient.</param>
/// <param name="Share">What the teacher takes of the weights.</param>
public readonly record struct OptimizerNumbers(
    float Rate, float Decay, float Beta1, float Rest1, float Beta2, float Rest2, float Correction1, float Correction2,
    float Epsilon, float Pull, float DecoupledPull, float Share);
