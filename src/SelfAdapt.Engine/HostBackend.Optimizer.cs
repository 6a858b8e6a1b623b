using System.Buffers;
using System.Numerics;

namespace SelfAdapt.Engine;

internal abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Weights per task: fixed, so that the sums do not depend on the number of threads.</summary>
    private const int WeightsPerTask = 1 << 15;

    public void OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, DeviceVector sums)
    {
        OptimizerVectors vectors = state;
        OptimizerStepOptions constants = options;
        int length = state.Weights.Length;
        int tasks = (length + WeightsPerTask - 1) / WeightsPerTask;
        double[] distances = ArrayPool<double>.Shared.Rent(tasks);
        double[] norms = ArrayPool<double>.Shared.Rent(tasks);
        For(tasks, task =>
        {
            int start = task * WeightsPerTask;
            Range range = start..Math.Min(start + WeightsPerTask, length);
            (distances[task], norms[task]) = OptimizerStep(vectors, constants, range);
        });

        Span<T> report = Values(sums);
        report[0] = FromDouble(SumInOrder(distances.AsSpan(0, tasks)));
        report[1] = FromDouble(SumInOrder(norms.AsSpan(0, tasks)));
        ArrayPool<double>.Shared.Return(distances);
        ArrayPool<double>.Shared.Return(norms);
    }

    /// <summary>The whole step on a part of the vectors, in one pass over them.</summary>
    /// <returns>Sums over the part: of squared distances to the anchor, and of squared gradients.</returns>
    private protected virtual (double Distance, double Norm) OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, Range range)
    {
        (double, double) sums = MoveWeights(state, options, range);
        if (state.Teacher is not null && options.EmaKeep != 1)
        {
            FollowStudent(Values(state.Teacher)[range], Values(state.Weights)[range], options.EmaKeep);
        }

        return sums;
    }

    private static (double Distance, double Norm) MoveWeights(
        in OptimizerVectors state, in OptimizerStepOptions options, Range range)
    {
        Span<T> weights = Values(state.Weights)[range];
        ReadOnlySpan<T> gradients = Values(state.Gradient)[range];
        Span<T> first = Values(state.FirstMoment)[range];
        Span<T> second = Values(state.SecondMoment)[range];
        ReadOnlySpan<T> anchors = state.Anchor is null ? [] : Values(state.Anchor)[range];
        double b1 = options.Beta1;
        double b2 = options.Beta2;
        double correction1 = 1 / (1 - Math.Pow(b1, options.Step));
        double correction2 = 1 / Math.Sqrt(1 - Math.Pow(b2, options.Step));
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            double w = ToDouble(weights[i]);
            double drift = anchors.IsEmpty ? 0 : w - ToDouble(anchors[i]);
            double pull = 2.0 * options.LambdaL2Sp * drift;
            double g = ToDouble(gradients[i]) + (options.DecoupledL2Sp ? 0 : pull);
            distance += drift * drift;
            norm += g * g;

            double m = (b1 * ToDouble(first[i])) + ((1 - b1) * g);
            double v = (b2 * ToDouble(second[i])) + ((1 - b2) * g * g);
            first[i] = FromDouble(m);
            second[i] = FromDouble(v);

            // Not "w - 0": that would turn -0 into +0, and a runaway moment into NaN.
            if (options.LearningRate != 0)
            {
                double move = m * correction1 / ((Math.Sqrt(v) * correction2) + options.Epsilon);
                double decay = (options.WeightDecay * w) + (options.DecoupledL2Sp ? pull : 0);
                weights[i] = FromDouble(w - (options.LearningRate * (move + decay)));
            }
        }

        return (distance, norm);
    }

    private static void FollowStudent(Span<T> teacher, ReadOnlySpan<T> student, float keep)
    {
        for (int i = 0; i < teacher.Length; i++)
        {
            // As a step towards the student: a teacher that equals it stays bit-identical.
            if (teacher[i] != student[i])
            {
                double t = ToDouble(teacher[i]);
                double difference = ToDouble(student[i]) - t;
                teacher[i] = FromDouble(t + ((1.0 - keep) * difference));
            }
        }
    }
}
