using System.Runtime.Intrinsics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

// Functions of each value: one pass over memory, a task per (sample, channel block) plane.
internal sealed unsafe partial class CpuBackend
{
    public void Apply(DeviceTensor x, DeviceTensor y, ElementFunction function)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty, function), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty, ElementFunction function) = all;
            float* px = tx.Row(plane, h);
            float* py = ty.Row(plane, h);

            // Lanes without a channel stay 0, whatever the function makes of 0.
            int blocks = (ty.Shape.C + Block - 1) / Block;
            Vector512<float> lanes = Vector512.LessThan(
                Vector512.CreateSequence(0f, 1f), Vector512.Create((float)(ty.Shape.C - (plane % blocks * Block))));
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                (lanes & Value(function, Vector512.Load(px + i))).Store(py + i);
            }
        });
    }

    public void ApplyBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, ElementFunction function, bool accumulate)
    {
        (CpuTensor tx, CpuTensor tg, CpuTensor td) = ((CpuTensor)x, (CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(tx, (tx, tg, td, function, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor tg, CpuTensor td, ElementFunction function, bool accumulate) = all;
            float* px = tx.Row(plane, h);
            float* pg = tg.Row(plane, h);
            float* pd = td.Row(plane, h);
            for (int i = 0; i < tx.Shape.W * Block; i += Block)
            {
                Put(pd + i, Slope(function, Vector512.Load(px + i)) * Vector512.Load(pg + i), accumulate);
            }
        });
    }

    private static Vector512<float> Value(ElementFunction function, Vector512<float> x)
    {
        Vector512<float> parameter = Vector512.Create(function.Parameter);
        return function.Kind switch
        {
            ElementKind.Sigmoid => Sigmoid(x),
            ElementKind.Silu => x * Sigmoid(x),
            ElementKind.Tanh => (2f * Sigmoid(2f * x)) - Vector512<float>.One,
            ElementKind.LeakyRelu => Vector512.ConditionalSelect(IsPositive(x), x, parameter * x),
            ElementKind.Elu => Vector512.ConditionalSelect(
                IsPositive(x), x, parameter * (Vector512.Exp(x) - Vector512<float>.One)),
            ElementKind.Exp => Vector512.Exp(x),
            ElementKind.HardSigmoid => Clamped(parameter * x),
            ElementKind.HardSwish => x * Clamped(x / 6f),
            _ => Vector512.Min(Vector512.Max(x, Vector512<float>.Zero), parameter),
        };
    }

    private static Vector512<float> Slope(ElementFunction function, Vector512<float> x)
    {
        Vector512<float> parameter = Vector512.Create(function.Parameter);
        Vector512<float> one = Vector512<float>.One;
        switch (function.Kind)
        {
            case ElementKind.Sigmoid:
                Vector512<float> s = Sigmoid(x);
                return s * (one - s);
            case ElementKind.Silu:
                Vector512<float> gate = Sigmoid(x);
                return gate * (one + (x * (one - gate)));
            case ElementKind.Tanh:
                Vector512<float> t = (2f * Sigmoid(2f * x)) - one;
                return one - (t * t);
            case ElementKind.LeakyRelu:
                return Vector512.ConditionalSelect(IsPositive(x), one, parameter);
            case ElementKind.Elu:
                return Vector512.ConditionalSelect(IsPositive(x), one, parameter * Vector512.Exp(x));
            case ElementKind.Exp:
                return Vector512.Exp(x);
            case ElementKind.HardSigmoid:
                return parameter & Vector512.LessThan(Vector512.Abs(parameter * x), Vector512.Create(0.5f));
            case ElementKind.HardSwish:
                Vector512<float> inside = (x / 3f) + Vector512.Create(0.5f);
                Vector512<float> above = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(3f)), inside, one);
                return above & Vector512.GreaterThan(x, Vector512.Create(-3f));
            default:
                return one & IsPositive(x) & Vector512.LessThanOrEqual(x, parameter);
        }
    }

    /// <summary>x + 1/2 between 0 and 1.</summary>
    private static Vector512<float> Clamped(Vector512<float> x) => Vector512.Min(
        Vector512.Max(x + Vector512.Create(0.5f), Vector512<float>.Zero), Vector512<float>.One);

    private static Vector512<float> Sigmoid(Vector512<float> x) =>
        Vector512<float>.One / (Vector512<float>.One + Vector512.Exp(-x));

    private static Vector512<float> IsPositive(Vector512<float> x) => Vector512.GreaterThan(x, Vector512<float>.Zero);
}
