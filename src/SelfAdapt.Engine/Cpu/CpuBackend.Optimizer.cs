using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// AdamW, L2-SP and the teacher's moving average, sixteen weights at a time: limited by memory, not by arithmetic.
internal sealed unsafe partial class CpuBackend
{
    private protected override (double Distance, double Norm) OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, Range range)
    {
        (int start, int count) = range.GetOffsetAndLength(state.Weights.Length);
        int whole = count / Block * Block;
        Vector512<double> distance = Vector512<double>.Zero;
        Vector512<double> norm = Vector512<double>.Zero;
        OptimizerLanes lanes = new(options);
        fixed (float* w = Values(state.Weights), g = Values(state.Gradient), m = Values(state.FirstMoment),
            v = Values(state.SecondMoment), w0 = state.Anchor is null ? [] : Values(state.Anchor),
            t = state.Teacher is null || options.EmaKeep == 1 ? [] : Values(state.Teacher))
        {
            for (int i = start; i < start + whole; i += Block)
            {
                Vector512<float> weight = Vector512.Load(w + i);
                Vector512<float> drift = w0 == null ? Vector512<float>.Zero : weight - Vector512.Load(w0 + i);
                Vector512<float> gradient = lanes.Pull(Vector512.Load(g + i), drift);
                AddSquares(ref distance, drift);
                AddSquares(ref norm, gradient);
                Vector512<float> first = Vector512.Load(m + i), second = Vector512.Load(v + i);
                Vector512<float> moved = lanes.Move(weight, gradient, drift, ref first, ref second);
                first.Store(m + i);
                second.Store(v + i);
                if (options.LearningRate != 0)
                {
                    moved.Store(w + i);
                    weight = moved;
                }

                if (t != null)
                {
                    lanes.Follow(Vector512.Load(t + i), weight).Store(t + i);
                }
            }
        }

        (double d, double n) = base.OptimizerStep(state, options, (start + whole)..(start + count));
        return (Vector512.Sum(distance) + d, Vector512.Sum(norm) + n);
    }

    private static void AddSquares(ref Vector512<double> sums, Vector512<float> values)
    {
        (Vector512<double> lower, Vector512<double> upper) = Vector512.Widen(values);
        sums += (lower * lower) + (upper * upper);
    }

    /// <summary>A step's constants, as registers.</summary>
    private readonly ref struct OptimizerLanes(in OptimizerStepOptions options)
    {
        private readonly float _beta1 = options.Beta1;
        private readonly float _beta2 = options.Beta2;
        private readonly float _correction1 = (float)(1 / (1 - Math.Pow(options.Beta1, options.Step)));
        private readonly float _correction2 = (float)(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, options.Step)));
        private readonly float _epsilon = options.Epsilon;
        private readonly float _rate = options.LearningRate;
        private readonly float _decay = options.WeightDecay;
        private readonly float _pull = options.DecoupledL2Sp ? 0 : 2 * options.LambdaL2Sp;
        private readonly float _decoupledPull = options.DecoupledL2Sp ? 2 * options.LambdaL2Sp : 0;
        private readonly float _share = 1 - options.EmaKeep;

        /// <summary>The gradient with L2-SP's part.</summary>
        public Vector512<float> Pull(Vector512<float> gradient, Vector512<float> drift) => gradient + (drift * _pull);

        /// <summary>AdamW's new weights; moves the moments.</summary>
        public Vector512<float> Move(
            Vector512<float> weight, Vector512<float> gradient, Vector512<float> drift, ref Vector512<float> first,
            ref Vector512<float> second)
        {
            first = (first * _beta1) + (gradient * (1 - _beta1));
            second = (second * _beta2) + (gradient * gradient * (1 - _beta2));
            Vector512<float> deviation = (Vector512.Sqrt(second) * _correction2) + Vector512.Create(_epsilon);
            Vector512<float> move = first * _correction1 / deviation;
            return weight - ((move + (weight * _decay) + (drift * _decoupledPull)) * _rate);
        }

        /// <summary>A step towards the student; a teacher that equals it stays bit-identical.</summary>
        public Vector512<float> Follow(Vector512<float> teacher, Vector512<float> student) =>
            Vector512.ConditionalSelect(
                Vector512.Equals(teacher, student), teacher, teacher + ((student - teacher) * _share));
    }
}
