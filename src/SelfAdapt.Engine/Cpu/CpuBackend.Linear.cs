using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// The linear layers on pooled features, forward beside backward: rows of weights times dense copies of the features.
internal sealed unsafe partial class CpuBackend
{
    public void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y)
    {
        (int inputs, int outputs) = (x.Shape.C, y.Shape.C);
        float* features = Scratch((long)x.Shape.N * inputs);
        CopyDense((CpuTensor)x, features);
        float* w = Pointer(weight);
        float* b = Pointer(bias);
        for (int n = 0; n < x.Shape.N; n++)
        {
            for (int o = 0; o < outputs; o++)
            {
                *Pooled((CpuTensor)y, n, o) = b[o] + Dot(features + (n * inputs), w + (o * inputs), inputs);
            }
        }
    }

    public void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias)
    {
        CpuTensor gradients = (CpuTensor)dy;
        (int batch, int inputs, int outputs) = (x.Shape.N, x.Shape.C, dy.Shape.C);
        float* features = Scratch((long)(batch + 1) * inputs);
        float* sums = features + (batch * inputs);
        CopyDense((CpuTensor)x, features);
        float* w = Pointer(weight);
        float* gw = Pointer(dWeight);
        float* gb = Pointer(dBias);
        new Span<float>(gw, outputs * inputs).Clear();
        for (int o = 0; o < outputs; o++)
        {
            gb[o] = 0;
            for (int n = 0; n < batch; n++)
            {
                float g = *Pooled(gradients, n, o);
                gb[o] += g;
                AddScaled(gw + (o * inputs), features + (n * inputs), g, inputs);
            }
        }

        for (int n = 0; dx is not null && n < batch; n++)
        {
            new Span<float>(sums, inputs).Clear();
            for (int o = 0; o < outputs; o++)
            {
                AddScaled(sums, w + (o * inputs), *Pooled(gradients, n, o), inputs);
            }

            for (int k = 0; k < inputs; k++)
            {
                float* target = Pooled((CpuTensor)dx, n, k);
                *target = accumulate ? *target + sums[k] : sums[k];
            }
        }
    }

    /// <summary>Pooled features as [N,C].</summary>
    private static void CopyDense(CpuTensor from, float* to)
    {
        for (int n = 0; n < from.Shape.N; n++)
        {
            for (int c = 0; c < from.Shape.C; c++)
            {
                *to++ = *Pooled(from, n, c);
            }
        }
    }

    /// <summary>Sum of a x b.</summary>
    private static float Dot(float* a, float* b, int count)
    {
        Vector512<float> sums = Vector512<float>.Zero;
        int i = 0;
        for (; i <= count - Block; i += Block)
        {
            sums += Vector512.Load(a + i) * Vector512.Load(b + i);
        }

        float sum = Vector512.Sum(sums);
        for (; i < count; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>target += factor x source.</summary>
    private static void AddScaled(float* target, float* source, float factor, int count)
    {
        int i = 0;
        for (; i <= count - Block; i += Block)
        {
            (Vector512.Load(target + i) + (Vector512.Load(source + i) * factor)).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] += factor * source[i];
        }
    }
}
