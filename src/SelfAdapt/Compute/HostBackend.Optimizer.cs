using System;
using System.Numerics;

namespace SelfAdapt.Compute;

public abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override void OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, DeviceVector sums)
    {
        Span<T> weights = Values(state.Weights);
        ReadOnlySpan<T> gradients = Values(state.Gradient);
        Span<T> first = Values(state.FirstMoment);
        Span<T> second = Values(state.SecondMoment);
        ReadOnlySpan<T> anchors = state.Anchor is null ? [] : Values(state.Anchor);
        double correction1 = 1 - Math.Pow(options.Beta1, options.Step);
        double correction2 = 1 - Math.Pow(options.Beta2, options.Step);
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            double w = double.CreateTruncating(weights[i]);
            double drift = anchors.IsEmpty ? 0 : w - double.CreateTruncating(anchors[i]);
            double pull = 2.0 * options.LambdaL2Sp * drift;
            double g = double.CreateTruncating(gradients[i]) + (options.DecoupledL2Sp ? 0 : pull);
            distance += drift * drift;
            norm += g * g;

            double b1 = options.Beta1;
            double b2 = options.Beta2;
            double m = (b1 * double.CreateTruncating(first[i])) + ((1 - b1) * g);
            double v = (b2 * double.CreateTruncating(second[i])) + ((1 - b2) * g * g);
            first[i] = T.CreateTruncating(m);
            second[i] = T.CreateTruncating(v);

            // Not "w - 0": that would turn -0 into +0, and a runaway moment into NaN.
            if (options.LearningRate != 0)
            {
                double move = (m / correction1) / (Math.Sqrt(v / correction2) + options.Epsilon);
                double decay = (options.WeightDecay * w) + (options.DecoupledL2Sp ? pull : 0);
                weights[i] = T.CreateTruncating(w - (options.LearningRate * (move + decay)));
            }
        }

        if (state.Teacher is not null && options.EmaKeep != 1)
        {
            FollowStudent(Values(state.Teacher), weights, options.EmaKeep);
        }

        Span<T> report = Values(sums);
        report[0] = T.CreateTruncating(distance);
        report[1] = T.CreateTruncating(norm);
    }

    private static void FollowStudent(Span<T> teacher, ReadOnlySpan<T> student, float keep)
    {
        for (int i = 0; i < teacher.Length; i++)
        {
            // As a step towards the student: a teacher that equals it stays bit-identical.
            if (teacher[i] != student[i])
            {
                double t = double.CreateTruncating(teacher[i]);
                double difference = double.CreateTruncating(student[i]) - t;
                teacher[i] = T.CreateTruncating(t + ((1.0 - keep) * difference));
            }
        }
    }
}
